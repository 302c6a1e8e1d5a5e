"""How many requests an access costs its site. docs/performance.md has these numbers."""

from __future__ import annotations

import pytest

from chalicelib.clock import MINUTE
from chalicelib.grants.request import HoldRequest
from tests.fakes.world import NOW, OWNER, OWNER_MAIL, SUPPORT
from tests.plugins.conftest import Owner

SET_UP = 14
SIGN_IN = 4  # The form, the password, and two to sign out again.
ENDING = 8


def requests_of(owner: Owner) -> list[str]:
    """Return the requests that the site has got, without those for its own scheduled tasks."""
    file = owner.site.dir / "requests.log"
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return [line for line in lines if "wp-cron.php" not in line]


@pytest.mark.parametrize("is_held", [False, True], ids=["at once", "held first"])
def test_an_access_costs_its_site_few_requests(owner: Owner, *, is_held: bool) -> None:
    consent = owner.consent()
    if is_held:
        held = HoldRequest(f"{NOW:022}", owner.site.url, consent, OWNER, SUPPORT, OWNER_MAIL)
        owner.parts.lifecycle.hold(held, now=NOW - MINUTE)
    requests_of(owner)
    owner.count("refused")

    assert owner.provision(consent=consent).state == "active"
    set_up = requests_of(owner)
    assert owner.end().state == "ended"
    ending = requests_of(owner)

    sign_in = [line for line in set_up if "wp-login.php" in line]
    assert len(set_up) - len(sign_in) <= SET_UP, "\n".join(set_up)
    assert len(sign_in) <= SIGN_IN
    assert len(ending) <= ENDING, "\n".join(ending)
    assert owner.count("refused") == 0
