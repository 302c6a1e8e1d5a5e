"""Accesses to a real WordPress whose deadline has come, for tests of what happens then."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from chalicelib.aws.grant_table import GrantTable
from chalicelib.grants.model import Grant
from infra.local.stack import Stack
from infra.local.wordpress import WordPress
from tests.fakes.servers import Server
from tests.page import Page, basic, token
from tests.stack.fronts import Front

LATE = 1000
STUCK, OVER = "a temporary account is still there", "has ended"
REMINDER = "is to be deleted"


@dataclass
class Place:
    """A real WordPress with two addresses, another WordPress, and a stack that may call all."""

    stack: Stack
    wordpress: WordPress
    front: Front
    new: Front
    other: WordPress
    stranger: Server

    def rest(
        self, method: str, route: str, body: object = None, site: WordPress | None = None
    ) -> Any:  # noqa: ANN401  JSON.
        """Call a route below wp/v2/users as the site's first administrator."""
        site = site or self.wordpress
        made = requests.request(
            method,
            f"{site.url}/?rest_route=/wp/v2/users{route}&context=edit&per_page=100",
            headers=basic(*site.auth),
            json=body,
            timeout=60,
        )
        assert made.ok, made.text
        return made.json()

    def consent(self, user_id: int = 1, site: WordPress | None = None) -> str:
        """Approve, as the owner does."""
        keys = f"/{user_id}/application-passwords"
        return str(self.rest("POST", keys, {"name": f"H {token(6)}"}, site)["password"])

    def sql(self, statement: str, *values: object) -> None:
        """Change the site's database behind the back of WordPress."""
        with sqlite3.connect(self.wordpress.dir / "db/.ht.sqlite", timeout=30) as database:
            database.execute(statement, values)
        database.close()

    @contextmanager
    def without_right(
        self, sid: str, role: str = "EndDueRole", policy: str = "end-due"
    ) -> Iterator[None]:
        """Take one right from the workers, or from another role, as if that service were down."""
        roles = self.stack.client("iam")
        found = self.stack.ministack.cloudformation.describe_stack_resources(
            StackName=self.stack.aws["stack"], LogicalResourceId=role
        )["StackResources"]
        names = {"RoleName": found[0]["PhysicalResourceId"], "PolicyName": policy}
        whole = roles.get_role_policy(**names)["PolicyDocument"]
        rest = [right for right in whole["Statement"] if right["Sid"] != sid]
        less = {**whole, "Statement": rest}
        roles.put_role_policy(**names, PolicyDocument=json.dumps(less))
        try:
            yield
        finally:
            roles.put_role_policy(**names, PolicyDocument=json.dumps(whole))

    def mails(self, about: str, page: Page) -> list[dict[str, str]]:
        """List the mails with *about* in the subject that belong to the access of *page*."""
        sent = requests.get(
            self.stack.mail_url, headers={"Accept": "application/json"}, timeout=30
        ).json()
        tagged = page.owner_email.partition("@")[0]
        return [m for m in sent if about in m["subject"] and (tagged in m["to"] + m["text"])]


@dataclass
class DueAccess:
    """One access through the front, whose deadline has come."""

    place: Place
    page: Page
    user: dict[str, Any]
    late: int = LATE
    username: str = field(default="")

    @property
    def grant(self) -> Grant:
        table = self.place.stack.outputs["GrantsTableName"]
        found = GrantTable(self.place.stack.client("dynamodb"), table).get(self.page.grant_id)
        assert found is not None
        return found

    @property
    def is_there(self) -> bool:
        return self.username in {user["username"] for user in self.place.rest("GET", "")}

    @property
    def delay(self) -> int:
        """How long after its last failure it is tried again."""
        return (self.grant.schedule.due_at or 0) - self.grant.timeline[-1].at

    def turn(self, **changes: int) -> None:
        """Turn the clock of this grant, where it is stored."""
        then = int(time.time()) - self.late
        changes = {"expires_at": then, "due_at": then, "lease_until": 0, **changes}
        self.place.stack.client("dynamodb").update_item(
            TableName=self.place.stack.outputs["GrantsTableName"],
            Key={"id": {"S": self.page.grant_id}},
            UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in changes),
            ExpressionAttributeValues={f":{n}": {"N": str(v)} for n, v in changes.items()},
        )

    def sweep(self, **changes: int) -> dict[str, float]:
        """Let its next try be due, and sweep."""
        self.turn(**changes)
        return self.place.stack.sweep()

    def fails(self, reason: str) -> dict[str, float]:
        """See one try fail: the account is there, and no answer says otherwise."""
        metrics = self.sweep()
        assert (metrics["Ended"], metrics["PutOff"]) == (0, 1)
        assert metrics["OldestOverdueSeconds"] >= self.late
        assert (self.grant.state, self.grant.timeline[-1].detail) == ("active", reason)
        return metrics

    def ends(self) -> None:
        """See it end: no account, no key, nothing overdue, and both sides mailed once."""
        metrics = self.sweep()
        assert (metrics["Ended"], metrics["OldestOverdueSeconds"]) == (1, 0)
        self.is_over()

    def is_over(self) -> None:
        shown, grant = self.page.grant(), self.grant
        assert (shown["state"], shown["overdue"]) == ("ended", False)
        assert (grant.schedule.due_at, grant.on_site.sealed_removal, grant.consent) == (
            None,
            None,
            None,
        )
        assert not self.is_there
        mailed = {mail["to"] for mail in self.place.mails(OVER, self.page)}
        assert self.page.owner_email in mailed

    def repairs(self, bearer: str | None = None, user_id: int = 1) -> tuple[int, dict[str, Any]]:
        """Approve once more and press "repair"; confirm whom the receipt then shows."""
        body = {
            "user_login": self.place.rest("GET", f"/{user_id}")["username"],
            "application_password": self.place.consent(user_id),
        }
        path = f"/grants/{self.page.grant_id}/repair"
        bearer = bearer or self.page.owner_token
        status, answer = self.page.call("POST", path, body, bearer=bearer)
        if "found" in answer:
            body["confirm"] = answer["found"]["id"]
            return self.page.call("POST", path, body, bearer=bearer)
        return status, answer
