"""An access is made and ended on sites with plugins in the way, or refused with a named reason."""

from __future__ import annotations

import pytest

from chalicelib.clock import DAY
from chalicelib.grants.site import Credentials
from tests.fakes.queue import sweep_and_work
from tests.fakes.world import NOW, OWNER
from tests.plugins.conftest import Owner

pytestmark = pytest.mark.parametrize(
    "version", ["7.1", "6.8", "6.5"], indirect=True, scope="module"
)
SHUTTING_STRANGERS_OUT = (
    "strangers-refused-403",
    "strangers-refused-401",
    "all-refused-401",
    "members-only",
    "index-closed-by-page",
)
WORKING = (
    "count-failures",
    "strangers-refused-403",
    "strangers-refused-401",
    "all-refused-401",
    "refused-keys-block",
    "new-users-signed-in",
    "members-only",
    "sign-in-hidden-403",
    "sign-in-hidden-home",
    "sign-in-own-page",
    "sign-in-by-email-only",
    "sign-in-with-puzzle",
    "sign-in-with-sum",
    "new-users-pending",
    "index-closed",
    "index-closed-by-page",
    "index-empty",
)


@pytest.mark.parametrize("plugin", WORKING)
def test_an_access_is_made_and_ended_and_no_refused_key_is_sent(owner: Owner, plugin: str) -> None:
    owner.install(plugin)
    owner.count("refused")

    assert owner.provision().state == "active"
    grant = owner.end()

    assert (grant.state, grant.phase) == ("ended", "closed")
    # Where strangers are refused, only the dead key can be asked for the second word.
    assert owner.count("refused") == (1 if plugin in SHUTTING_STRANGERS_OUT else 0)
    owner.install()
    assert owner.users == {"admin"}
    assert not [mail for mail in owner.outbox.sent if "still there" in mail.subject]


@pytest.mark.parametrize("plugin", ["strangers-refused-403", "strangers-refused-401"])
def test_a_revoked_removal_key_is_repaired(owner: Owner, plugin: str) -> None:
    owner.install(plugin)
    grant = owner.provision()
    user = grant.on_site.user_id
    owner.install()
    owner.site_request("DELETE", f"users/{user}/application-passwords")
    owner.install(plugin)

    consent = owner.consent()
    owner.parts.repair.repair(grant.id, OWNER, consent, now=NOW + DAY)

    assert owner.grants.items[grant.id].state == "ended"
    owner.install()
    assert owner.users == {"admin"}


def test_ten_visits_and_one_with_a_revoked_key_do_not_get_us_blocked(owner: Owner) -> None:
    owner.install("refused-keys-block")
    for number in range(10):
        owner.provision(now=NOW + number)
        assert owner.end(now=NOW + number).state == "ended"

    grant = owner.provision(now=NOW + 100)
    owner.install()
    owner.site_request("DELETE", f"users/{grant.on_site.user_id}/application-passwords")
    owner.install("refused-keys-block")
    for hours in range(30):
        sweep_and_work(owner.parts, now=NOW + 100 + 3 * DAY + hours * 3600)

    site = owner.wordpress.discover(owner.site.url)
    assert owner.wordpress.whoami(site, Credentials(*owner.site.auth)).username == "admin"
