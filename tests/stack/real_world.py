"""The real world around a process that dies: one grant of it, and what is left on the site."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import requests

from chalicelib.aws import sqs
from chalicelib.aws.grant_table import GrantTable
from chalicelib.clock import DAY
from chalicelib.grants.model import Grant
from chalicelib.grants.request import ProvisionRequest
from chalicelib.grants.site import Credentials
from chalicelib.onetime.model import Secret
from chalicelib.wiring import Hallpass
from infra.local.stack import Stack
from infra.local.wordpress import WordPress
from tests.page import basic, token
from tests.stack.crash import DIED, DONE, Job, run

OWNER_MAIL = "owner@blog.example"


@dataclass
class RealWorld:
    """The real world, which survives every death; one grant of it."""

    stack: Stack
    wordpress: WordPress
    parts: Hallpass
    grant_id: str
    owner: str
    support: str
    now: int

    def __post_init__(self) -> None:
        """Note who is on the site already: other tests use it, too."""
        self.others = {user["id"] for user in self.rest("GET", "").json()}

    def rest(self, method: str, route: str, **more: object) -> requests.Response:
        return requests.request(
            method,
            f"{self.wordpress.url}/?rest_route=/wp/v2/users{route}&context=edit&per_page=100",
            headers=basic(*self.wordpress.auth),
            timeout=60,
            **more,  # type: ignore[arg-type]
        )

    def consent(self) -> Credentials:
        """Approve, as the owner does."""
        made = self.rest("POST", "/me/application-passwords", json={"name": f"H {token(6)}"})
        return Credentials(self.wordpress.user, made.json()["password"].replace(" ", ""))

    def request(self) -> ProvisionRequest:
        return ProvisionRequest(
            self.grant_id,
            self.wordpress.url,
            self.consent(),
            "p" * 20,
            3,
            self.owner,
            self.support,
            OWNER_MAIL,
        )

    @property
    def grant(self) -> Grant | None:
        table = self.stack.outputs["GrantsTableName"]
        return GrantTable(self.stack.client("dynamodb"), table).get(self.grant_id)

    @property
    def strangers(self) -> list[str]:
        users = self.rest("GET", "").json()
        return [user["username"] for user in users if user["id"] not in self.others]

    @property
    def owner_keys(self) -> int:
        return len(self.rest("GET", "/me/application-passwords").json()) - 1

    def lives(self, job: Job, now: int | None = None) -> list[str]:
        """Run *job* to its end and return its calls."""
        code, calls = run(self.parts, job, self.now if now is None else now)
        assert code == DONE, calls
        return calls

    def dies(self, job: Job, after: int) -> None:
        """Run *job* until it has made *after* calls."""
        code, calls = run(self.parts, job, self.now, die_after=after)
        assert code == DIED, calls

    def nothing_is_left(self) -> None:
        grant = self.grant
        assert self.strangers == []
        assert self.owner_keys == 0
        if grant is not None:
            assert (
                grant.state,
                grant.consent,
                grant.on_site.sealed_removal,
                grant.schedule.due_at,
            ) == (
                "ended",
                None,
                None,
                None,
            )


def prepared(world: RealWorld) -> Job:
    request = world.request()
    return lambda parts, now: parts.lifecycle.provision(request, now=now)


def swept(parts: Hallpass, now: int) -> None:
    """Sweep, and finish what the queues deliver, as the deployed functions do together."""
    parts.sweep.sweep(now=now)
    queues = cast("Any", parts.ports.due_queue)._client
    for url in (os.environ["DUE_QUEUE_URL"], os.environ["RETRY_QUEUE_URL"]):
        while messages := queues.receive_message(QueueUrl=url).get("Messages"):
            for message in messages:
                parts.worker.finish(sqs.read(message["Body"]).grant_id, now=now)
                queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def ends(world: RealWorld) -> Job:
    return lambda parts, now: parts.ending.end(world.grant_id, world.owner, now=now)


def every_point(new_world: Callable[[], RealWorld], before: Callable[[RealWorld], Job]) -> int:
    """Run the job once, alive; return how many calls it makes, and tidy up."""
    world = new_world()
    calls = world.lives(before(world))
    world.lives(ends(world))
    assert world.strangers == []
    return len(calls)


def bring_to_life(world: RealWorld) -> None:
    """Bring one access to life, with a secret waiting."""
    secret = Secret(world.grant_id, b"sealed" * 9, "proof", False, 0, "f", world.grant_id)  # noqa: FBT003

    def set_up(parts: object, now: int) -> None:
        parts.lifecycle.provision(request, now=now)  # type: ignore[attr-defined]
        parts.secrets.create(  # type: ignore[attr-defined]
            secret, lifetime=DAY, owner_token=world.owner, now=now
        )

    request = world.request()
    world.lives(set_up)
