"""Set-up tries the sign-in page once, leaves no session, and says so when support is refused."""

from __future__ import annotations

import json

import pytest

from chalicelib.notifications.ticket import Ticket
from chalicelib.web.render import grant_summary
from tests.fakes.world import NOW, OWNER
from tests.plugins.conftest import Owner

COUNTING = "count-sign-ins"


def sign_ins(owner: Owner) -> list[str]:
    """Return what became of each sign-in so far: "in", or the code of the refusal."""
    file = owner.site.dir / "sign-ins.log"
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


def test_the_sign_in_works_and_leaves_no_session(owner: Owner) -> None:
    owner.install(COUNTING)

    grant = owner.provision()

    assert grant.on_site.is_let_in is True
    assert sign_ins(owner) == ["in"]
    sessions = json.loads((owner.site.dir / "sessions.json").read_text())
    assert sessions == []
    assert "sign_in" not in grant_summary(grant)
    owner.end()


@pytest.mark.parametrize("plugin", ["new-users-pending", "sign-in-by-email-only"])
def test_a_refused_sign_in_is_reported_with_what_to_do(owner: Owner, plugin: str) -> None:
    owner.install(COUNTING, plugin)

    grant = owner.provision()

    assert grant.state == "active"
    assert grant.on_site.is_let_in is False
    assert len(sign_ins(owner)) == 1
    summary = grant_summary(grant)
    assert summary["sign_in"] == "refused"
    assert summary["email"] == grant.on_site.user_email
    ticket = Ticket(
        "Ada", "ada@example.test", "Help", "Please.", grant_id=grant.id, owner_token=OWNER
    )
    owner.parts.tickets.send(ticket, now=NOW)
    mail = next(mail for mail in owner.outbox.sent if mail.to.startswith("support"))
    assert "refused the new account" in mail.text
    assert grant.on_site.user_email in mail.text
    assert owner.end().state == "ended"


@pytest.mark.parametrize(
    "plugin",
    ["sign-in-hidden-403", "sign-in-hidden-home", "sign-in-with-puzzle", "sign-in-with-sum"],
)
def test_where_it_does_not_show_no_password_is_sent(owner: Owner, plugin: str) -> None:
    owner.install(COUNTING, plugin)

    grant = owner.provision()

    assert grant.on_site.is_let_in is None
    assert sign_ins(owner) == []
    assert owner.end().state == "ended"
