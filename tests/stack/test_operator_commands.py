"""The operator's commands over a fake stack; `test_operate` runs them on the real one."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError

from chalicelib.aws.grant_item import from_grant_item, to_grant_item
from chalicelib.errors import TryAgain
from chalicelib.grants.model import Grant
from infra import package, prerequisites
from infra.cloudformation import DeployError
from infra.operate import deployed, destroy, doctor, grants, status, tokens
from tests.fakes.world import GRANT, NOW, World

HOSTILE = "https://x.example\x1b[2J\x9b31m\u202e\u2028[bold]"
UNSEEN = "\x1b\x9b\u202e\u2028"


@dataclass
class Stack:
    """What the commands ask of a deployed stack."""

    world: World = field(default_factory=World)
    name: str = "hallpass"

    @property
    def grants(self) -> Any:  # noqa: ANN401  The fake store.
        return self.world.grants

    def pending_grants(self) -> Iterator[Grant]:
        yield from self.world.grants.items.values()

    def open_grants(self) -> Iterator[Grant]:
        yield from (grant for grant in self.pending_grants() if grant.state != "ended")

    def keep(self, **changes: Any) -> None:  # noqa: ANN401
        """Change the one access that there is."""
        items = self.world.grants.items
        items[GRANT] = replace(items[GRANT], **changes)


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Stack:
    stack = Stack()
    stack.world.parts.lifecycle.provision(stack.world.request(), now=NOW)
    monkeypatch.setattr(deployed, "connect", lambda _: stack)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    return stack


@pytest.mark.parametrize("words", [["list"], ["show", GRANT], ["export"]])
def test_what_a_site_is_called_cannot_write_to_the_operators_terminal(
    stack: Stack, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    stack.keep(site_url=HOSTILE, username=HOSTILE, owner_email=HOSTILE)
    stack.keep(on_site=replace(stack.world.grants.items[GRANT].on_site, site=None))
    grants.main(words)

    said = capsys.readouterr().out
    assert not set(UNSEEN) & set(said)
    assert "x.example" in said
    if words == ["export"]:
        assert json.loads(said)["site"] == HOSTILE, "it is the same once it is read as JSON"


@pytest.mark.parametrize("address", ["http://[::1", "https://[bold]a[/bold].example", ""])
def test_a_site_without_a_host_is_listed(
    stack: Stack, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    stack.keep(site_url=address)
    grants.main(["list"])

    assert address in capsys.readouterr().out


@pytest.mark.parametrize("grant_id", ["", "x", "a" * 3000, "\x1b[2J"])
@pytest.mark.usefixtures("stack")
def test_an_id_that_there_is_not_is_said_to_be_none(grant_id: str) -> None:
    with pytest.raises(DeployError, match="There is no access") as raised:
        grants.main(["show", grant_id])
    assert "\x1b" not in str(raised.value)
    assert len(str(raised.value)) < 300


def test_nobody_at_the_terminal_ends_nothing(stack: Stack) -> None:
    with pytest.raises(DeployError, match="nothing was ended"):
        grants.main(["end-all"])

    assert stack.world.grants.items[GRANT].end_requested_at is None


def let_reading_raise(
    patch: pytest.MonkeyPatch, stack: Stack, failing: str, error: type[BaseException]
) -> None:
    """Let the store raise *error* when the access *failing* is read."""
    read = stack.world.grants.get

    def get(grant_id: str) -> Grant | None:
        if grant_id == failing:
            raise error
        return read(grant_id)

    patch.setattr(stack.world.grants, "get", get)


def test_one_access_that_cannot_be_ended_does_not_keep_the_others(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = stack.world.grants.items
    items["a" * 22] = replace(items[GRANT], id="a" * 22)
    items[GRANT] = items.pop(GRANT)  # It comes second.

    let_reading_raise(monkeypatch, stack, "a" * 22, TryAgain)
    monkeypatch.setattr("sys.stdin", io.StringIO("hallpass\n"))
    with pytest.raises(DeployError, match=f"1 of them.*{'a' * 22}"):
        grants.main(["end-all", "--no-wait"])

    assert items[GRANT].end_requested_at is not None


def test_an_access_that_is_granted_meanwhile_is_ended_as_well(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = stack.world.grants.items
    late = replace(items[GRANT], id="b" * 22)
    listed = stack.open_grants
    calls: list[int] = []

    def open_grants() -> Iterator[Grant]:
        calls.append(1)
        if len(calls) == 2:  # After the question.
            items[late.id] = late
        return listed()

    monkeypatch.setattr(stack, "open_grants", open_grants)
    monkeypatch.setattr("sys.stdin", io.StringIO("hallpass\n"))
    grants.main(["end-all", "--no-wait"])

    assert items[late.id].end_requested_at is not None


@pytest.mark.usefixtures("stack")
def test_what_was_asked_for_goes_on_after_an_interruption(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        grants.main(["end", GRANT])

    assert "ended without this command" in capsys.readouterr().out


def test_the_next_thing_due_is_that_of_both_queues_and_of_its_own_clock(stack: Stack) -> None:
    """A retry may be older than all first tries; what is handed out was due before `due_at`."""
    first = stack.world.grants.items[GRANT]
    handed_out = replace(first.schedule, due_at=NOW + 900, waiting_since=NOW - 4000, attempts=2)
    stack.world.grants.items["b" * 22] = replace(first, id="b" * 22, schedule=handed_out)

    rows = {name: (value, style) for name, value, style in status._accesses(stack, now=NOW)}  # type: ignore[arg-type]
    assert rows["next is due"] == ("4000 s ago", status.BAD)
    assert rows["open accesses"][0] == "2"


def test_an_ended_access_whose_notices_wait_is_not_counted_as_open(stack: Stack) -> None:
    stack.keep(phase="notifying", ended_at=NOW)

    rows = {name: value for name, value, _ in status._accesses(stack, now=NOW)}  # type: ignore[arg-type]
    assert rows["open accesses"] == "0"


@pytest.mark.parametrize("name", ["", "a b", "-x", "../x", "x" * 40, "\x1b[2J"])
@pytest.mark.parametrize("command", [grants, destroy, status, tokens, doctor])
def test_no_command_takes_what_cannot_name_a_stack(
    command: Any,  # noqa: ANN401  One of many modules.
    name: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An empty name would be all stacks of the account."""
    words = {grants: ["list"], tokens: ["list"]}.get(command, [])
    with pytest.raises((DeployError, SystemExit)) as raised:
        command.main([f"--stack={name}", *words])

    said = str(raised.value) + capsys.readouterr().out
    assert "cannot be the name of a stack" in said
    assert "\x1b" not in said


def test_what_aws_refuses_is_said_and_not_that_we_are_busy() -> None:
    refusal = ClientError(
        {"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "BatchGetItem"
    )
    error = TryAgain()
    error.__cause__ = refusal

    assert "AccessDeniedException" in prerequisites.explain(error)


def left_over(monkeypatch: pytest.MonkeyPatch, parameters: dict[str, str]) -> list[str]:
    """Return what `make destroy` says stays of a stack with these parameters."""

    class Left:
        name = "hallpass"
        outputs: ClassVar = {
            "GrantsTableName": "hallpass-GrantsTable-1",
            "DataKeyArn": "arn:aws:kms:us-east-1:0:key/k",
            "SiteBucketName": "bucket",
        }

        def resources(self, _: str) -> dict[str, str]:
            return {"ApiAccountRole": "hallpass-ApiAccountRole-1"}

    left: Any = Left()
    left.parameters = {"SenderEmail": "help@vendor.com", "DataKeyArn": "", **parameters}
    monkeypatch.setattr(destroy, "_known", lambda _: KNOWN)
    return destroy.kept(left)


KNOWN = {
    "SenderEmail": {},
    "SupportName": {"DefaultValue": "Support"},
    "RateLimits": {"DefaultValue": "1"},
    "DomainName": {"DefaultValue": ""},
    "GrantsTableName": {"DefaultValue": ""},
    "DataKeyArn": {"DefaultValue": ""},
    "CreateSender": {"DefaultValue": "yes"},
    "PublicUrl": {},
    "EventsUrl": {"DefaultValue": ""},
    "EventsKey": {"DefaultValue": "none", "NoEcho": True},
}


def test_the_command_that_takes_a_stack_up_again_names_each_setting_that_was_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {
        "SupportName": "O'Brien & `Söhne` $HOME",
        "RateLimits": "3",
        "DomainName": "help.vendor.com",
        "PublicUrl": "https://help.vendor.com",
        "CreateSender": "no",
        "EventsUrl": "https://hooks.vendor.com/x?y=1&z=2",
        "EventsKey": "****",
    }
    said = left_over(monkeypatch, given)
    again = said[-1].strip()
    done = subprocess.run(
        ["/usr/bin/env", "make", "--no-print-directory", "-f", "-", *shlex.split(again)[1:]],
        input="deploy:\n\t@printf '%s\\n' $(value ARGS)\n",
        capture_output=True,
        text=True,
        check=True,
    )
    words = done.stdout.splitlines()

    assert words[:2] == ["--stack", "hallpass"]
    named = dict(word.split("=", 1) for word in words[2:])
    assert named == {
        "SenderEmail": "help@vendor.com",
        "GrantsTableName": "hallpass-GrantsTable-1",
        "DataKeyArn": "arn:aws:kms:us-east-1:0:key/k",
        "SupportName": given["SupportName"],
        "RateLimits": "3",
        "DomainName": "help.vendor.com",
        "EventsUrl": given["EventsUrl"],
    }
    assert any("EventsKey" in line for line in said), "it has to be named again"
    assert any("hallpass-ApiAccountRole-1" in line for line in said)


def test_make_hands_on_what_was_typed() -> None:
    """`$(ARGS)` would take a dollar sign in a key for a variable of make."""
    text = (package.ROOT / "Makefile").read_text()

    assert "$(ARGS)" not in text
    assert "$(value ARGS)" in text


def test_an_account_that_cannot_be_removed_rings_until_the_operator_knows_of_it(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """A site that is gone is tried for ever; its alarm must not hide that of the next one."""
    items = stack.world.grants.items
    with pytest.raises(DeployError, match="not overdue"):
        grants.main(["acknowledge", GRANT])
    late = replace(items[GRANT].schedule, attempts=3)
    stack.keep(expires_at=1, phase="revoking", schedule=late)
    assert items[GRANT].alarming_since == 1

    grants.main(["acknowledge", GRANT])
    assert items[GRANT].alarming_since is None
    assert items[GRANT].overdue_since == 1
    assert items[GRANT].schedule.due_at == late.due_at, "it is tried as before"
    assert "it is tried on" in capsys.readouterr().out
    kept = from_grant_item(to_grant_item(items[GRANT]))
    assert kept is not None
    assert kept.alarming_since is None
    grants.main(["list"])
    assert "known" in capsys.readouterr().out
    rows = {name: value for name, value, _ in status._accesses(stack, now=NOW)}  # type: ignore[arg-type]
    assert rows["overdue"] == "1, of which 1 acknowledged"


def test_an_interruption_while_it_asks_says_that_the_rest_was_not_asked_for(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    items = stack.world.grants.items
    items["b" * 22] = replace(items[GRANT], id="b" * 22)

    let_reading_raise(monkeypatch, stack, "b" * 22, KeyboardInterrupt)
    monkeypatch.setattr("sys.stdin", io.StringIO("hallpass\n"))
    with pytest.raises(KeyboardInterrupt):
        grants.main(["end-all"])

    said = capsys.readouterr().out
    assert "Asked for 1 of 2" in said
    assert "run the same again" in said
