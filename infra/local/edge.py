"""What CloudFront tells the API about a visitor, as the deployed distribution is set up to.

What the visitor wrote into such headers never arrives. The distribution's function is JavaScript
for CloudFront alone; what it does is done here in Python, where the distribution names one.
`tests/stack/test_template.py` runs the function itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from multidict import CIMultiDict

if TYPE_CHECKING:
    from collections.abc import Mapping

HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "host"})
DROPPED = ("x-hallpass-", "x-forwarded-")
# CloudFront's own address, which is all that API Gateway sees of a visitor.
EDGE_ADDRESS = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Edge:
    """How the distribution passes requests on to the API. `added` are the origin's own headers."""

    added: Mapping[str, str]
    tells_viewer: bool

    def sent(self, headers: Mapping[str, str], viewer: str) -> CIMultiDict[str]:
        """Return what the API gets of a visitor's *headers*."""
        passed = CIMultiDict(
            (name, value)
            for name, value in headers.items()
            if name.lower() not in HOP_BY_HOP and not name.lower().startswith(DROPPED)
        )
        passed["X-Forwarded-For"] = EDGE_ADDRESS
        if self.tells_viewer:
            passed["x-hallpass-viewer"] = viewer
        passed.update(self.added)
        return passed


def read(cloudfront: Any, distribution_id: str, origin: str) -> Edge:  # noqa: ANN401  A boto3 client.
    """Return what the distribution, as it is deployed, does for *origin*."""
    config = cloudfront.get_distribution_config(Id=distribution_id)["DistributionConfig"]
    (found,) = [item for item in config["Origins"]["Items"] if item["Id"] == origin]
    added = found.get("CustomHeaders", {}).get("Items", [])
    behaviours = config["CacheBehaviors"].get("Items", [])
    (behaviour,) = [item for item in behaviours if item["TargetOriginId"] == origin]
    functions = behaviour.get("FunctionAssociations", {}).get("Items", [])
    return Edge(
        {item["HeaderName"]: item["HeaderValue"] for item in added},
        any(item["EventType"] == "viewer-request" for item in functions),
    )
