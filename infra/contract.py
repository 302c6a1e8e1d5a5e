"""
The contract between server, pages, texts and OpenAPI: `make contract` writes it from the code.

`tests/contract.json` lists the names that both sides must know: routes, error codes with their
statuses, reasons with their English sentences, events, kinds of changes, states. The sentences
about a site's problems go into the pages' English catalogue as well, so that `site_problems` is
their one source. `make check` fails while either file is not what the code says.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, get_args

import yaml

from app import app
from chalicelib import errors
from chalicelib.grants.parts import EventName, Holder
from chalicelib.grants.phases import State
from chalicelib.grants.visit_report import ChangeKind, UnseenPart
from chalicelib.notifications.announcements import AnnouncementName
from chalicelib.onetime.model import Revocation
from chalicelib.rate_limits.bounds import BY_NETWORK
from chalicelib.site_problems import UNAVAILABLE, UNSUPPORTED
from chalicelib.web.endpoint import CHALICE_ERRORS, INTERNAL, STATUS
from chalicelib.web.render import Ability, SecretState

ROOT = Path(__file__).resolve().parents[1]
CONTRACT = ROOT / "tests" / "contract.json"
ENGLISH = ROOT / "frontend" / "i18n" / "en.json"
TEMPLATE = ROOT / "infra" / "resources.yaml"
# To a reader, a failure of the site differs from the same failure of Hallpass.
TEXT_OF_REASON = {
    "timeout": "slow",
    "server_error": "site_error",
    "unreachable": "site_unreachable",
}
GATEWAY_STATUS = {"DEFAULT_4XX": 400, "DEFAULT_5XX": 504}  # Those of no one status.


def contract() -> dict[str, Any]:
    """Return what `tests/contract.json` must hold."""
    reasons = {**UNSUPPORTED, **UNAVAILABLE}
    return {
        "routes": sorted([method, path] for path, by in app.routes.items() for method in by),
        "errors": _error_statuses(),
        "reasons": {
            name: {**reasons[name]._asdict(), "text": TEXT_OF_REASON.get(name, name)}
            for name in sorted(reasons)
        },
        "reasons_of": {
            errors.SiteUnsupported.code: sorted(UNSUPPORTED),
            errors.SiteUnavailable.code: sorted(UNAVAILABLE),
        },
        "events": sorted(get_args(EventName)),
        "announcements": sorted(get_args(AnnouncementName)),
        "actors": [*get_args(Holder), "hallpass"],
        "changes": sorted(get_args(ChangeKind)),
        "unseen_parts": sorted(get_args(UnseenPart)),
        "grant_states": list(get_args(State)),
        "secret_states": list(get_args(SecretState)),
        "unreadable_because": sorted([*get_args(Revocation), "ending", "expired"]),
        "abilities": sorted(get_args(Ability)),
        "counted_actions": sorted(BY_NETWORK),
    }


def _error_statuses() -> dict[str, int]:
    """Return the status of each code: of our errors, of Chalice's and of the gateway's own."""
    ours = {error.code: status for error, status in STATUS.items()}
    chalice = {code: status for status, (code, _) in CHALICE_ERRORS.items()} | {INTERNAL[0]: 500}
    gateway = {
        json.loads(template)["code"]: int(response.get("StatusCode") or GATEWAY_STATUS[kind])
        for kind, response in _gateway_responses().items()
        for template in response["ResponseTemplates"].values()
    }
    return dict(sorted((gateway | chalice | ours).items()))


def _gateway_responses() -> dict[str, Any]:
    class Loader(yaml.SafeLoader):
        """Reads the intrinsic functions of CloudFormation as nothing."""

    Loader.add_multi_constructor("!", lambda *_: None)
    template = yaml.load(TEMPLATE.read_text(), Loader)  # noqa: S506 - a SafeLoader
    return dict(template["Resources"]["RestAPI"]["Properties"]["GatewayResponses"])


def catalogue(texts: dict[str, str]) -> dict[str, str]:
    """Return the English *texts* of the pages with the sentences of `site_problems` in them."""
    said: dict[str, str] = {}
    for name, explanation in {**UNSUPPORTED, **UNAVAILABLE}.items():
        key = f"error.{TEXT_OF_REASON.get(name, name)}"
        said |= {key: explanation.message, f"{key}.next": explanation.fix}
    return {key: said.get(key, text) for key, text in texts.items()}


def written() -> dict[Path, str]:
    """Return what each file must hold."""
    english = catalogue(json.loads(ENGLISH.read_text()))
    return {
        CONTRACT: json.dumps(contract(), indent=2, ensure_ascii=False) + "\n",
        ENGLISH: json.dumps(english, indent=2, ensure_ascii=False) + "\n",
    }


def main() -> None:
    """Write the files, or with ``--check`` only say which are not up to date."""
    stale = {path: text for path, text in written().items() if _differs(path, text)}
    if "--check" in sys.argv:
        if stale:
            names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
            sys.exit(f"{names}: not what the code says. Run: make contract")
        return
    for path, text in stale.items():
        path.write_text(text)
        print(f"wrote {path.relative_to(ROOT)}")


def _differs(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text() != text


if __name__ == "__main__":
    main()
