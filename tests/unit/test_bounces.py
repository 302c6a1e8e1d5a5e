"""A mail that came back is noted on its grant, and one to support rings the operator."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chalice.test import Client

import app as app_module
from chalicelib.aws import ses
from tests.fakes.world import GRANT, NOW, OWNER_MAIL, SUPPORT_MAIL, World


@pytest.fixture
def world() -> World:
    world = World()
    world.parts.lifecycle.provision(world.request(), now=NOW)
    return world


def came_back(mailbox: str, grant_id: str = GRANT, kind: str = "Permanent") -> dict[str, Any]:
    """Return what SES says of a bounce (SES, "Contents of event data")."""
    tags = {"ses:configuration-set": ["hallpass-mails"], "grant": [grant_id]}
    return {
        "eventType": "Bounce",
        "mail": {"destination": [mailbox], "tags": tags if grant_id else {}},
        "bounce": {"bounceType": kind, "bouncedRecipients": [{"emailAddress": mailbox}]},
    }


def deliver(world: World, patch: pytest.MonkeyPatch, detail: dict[str, Any]) -> None:
    patch.setattr(app_module, "hallpass", lambda: world.parts)
    patch.setattr(app_module, "now", lambda: NOW)
    with Client(app_module.app) as client:
        event = client.events.generate_cw_event("aws.ses", "Email Bounced", detail, [])
        client.lambda_.invoke("note_bounce", event)


def noted(world: World) -> int:
    return [event.name for event in world.grants.items[GRANT].timeline].count("mail_bounced")


def test_an_owners_bounce_is_noted_once(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        deliver(world, monkeypatch, came_back(OWNER_MAIL))

    assert noted(world) == 1
    assert "SupportMailFailed" not in capsys.readouterr().out


def test_a_bounce_of_support_is_a_metric_and_no_line_on_the_owners_receipt(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(world, monkeypatch, came_back(SUPPORT_MAIL.upper()))

    assert noted(world) == 0
    assert '"SupportMailFailed":[1.0]' in capsys.readouterr().out


@pytest.mark.parametrize("grant_id", ["", "x" * 22])
def test_what_belongs_to_no_grant_is_noted_nowhere(
    world: World, monkeypatch: pytest.MonkeyPatch, grant_id: str
) -> None:
    deliver(world, monkeypatch, came_back(OWNER_MAIL, grant_id))

    assert noted(world) == 0


def test_what_may_still_arrive_is_no_bounce(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(world, monkeypatch, came_back(OWNER_MAIL, kind="Transient"))
    deliver(world, monkeypatch, came_back(SUPPORT_MAIL, kind="Transient"))

    assert noted(world) == 0


def test_a_complaint_is_read_as_well() -> None:
    rows = [{"emailAddress": OWNER_MAIL}]
    detail = {"mail": {"tags": {"grant": [GRANT]}}, "complaint": {"complainedRecipients": rows}}

    assert ses.bounced(detail) == (GRANT, [OWNER_MAIL])


class Ses:
    """The client of boto3; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}
        self.meta = type("Meta", (), {"region_name": "us-east-1"})

    def send_email(self, **request: Any) -> dict[str, str]:  # noqa: ANN401
        self.asked = request
        return {"MessageId": "m"}


def test_a_mail_about_a_grant_carries_its_id_and_the_stacks_events(world: World) -> None:
    world.parts.ending.end(GRANT, "o" * 43, now=NOW)
    mail = world.outbox.sent[-1]
    client = Ses()

    ses.SesOutbox(client, "us@acme.example", "hallpass-mails").send(mail)  # type: ignore[arg-type]

    assert client.asked["EmailTags"] == [{"Name": "grant", "Value": GRANT}]
    assert client.asked["ConfigurationSetName"] == "hallpass-mails"
    assert GRANT in json.dumps(client.asked, default=str)
