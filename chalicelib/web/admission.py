"""
Who may ask: a request counts against its network, before anything of it is read.

Whoever has a good token of a grant goes on where the network has none left, within a budget that
strangers cannot use up (`rate_limits.bounds.BY_GRANT`).
"""

from __future__ import annotations

from chalice.app import Request

from chalicelib.errors import NotFound, TooManyRequests
from chalicelib.grants.lifecycle import Lifecycle
from chalicelib.rate_limits.bounds import BY_GRANT, Action
from chalicelib.rate_limits.limits import Limits
from chalicelib.values import dataclass
from chalicelib.web.endpoint import bearer, path_id, visitor_ip


@dataclass(frozen=True, slots=True)
class Admission:
    """Admits requests to the routes. `edge_key` is what CloudFront adds to its requests."""

    limits: Limits
    lifecycle: Lifecycle
    edge_key: str

    def admit(self, action: Action, request: Request | None, *, grant_id: str, now: int) -> None:
        """
        Count *request* for *action*; *grant_id* is the id in its path, or "".

        Raises:
            TooManyRequests: The network is over its limit, and so is the bearer of a good token.
        """
        try:
            self.limits.admit(action, ip=visitor_ip(request, self.edge_key), now=now)
        except TooManyRequests as refused:
            if action not in BY_GRANT:
                raise
            try:
                grant, holder = self.lifecycle.view(path_id(grant_id), bearer(request))
            except NotFound:
                raise refused from None
            self.limits.admit_holder(action, grant.id, holder, now=now)
