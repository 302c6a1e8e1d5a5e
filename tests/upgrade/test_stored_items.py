"""
What an earlier version stored is read and finished: stacks are upgraded with live grants in them.

``items-0.1.0.json`` holds an item of every state that version 0.1.0 could leave in the tables,
made by the code of commit 9b84390 itself: that code ran whole stories over the fakes of the tests,
through its own routes, sweep and table adapters, and died or was refused where a state needs it. No
item was written by hand. Each state holds

* ``about``: what has happened, in a sentence, and ``now``: when, in epoch seconds;
* ``tables``: the items as DynamoDB writes them, binary values in base64;
* ``sites``: what the fake WordPress held at that moment, with users and application passwords;
* the made-up tokens, requests and proofs that a page would hold, and ``finish``: what brings the
  state to its end, the sweep alone or a person as well.

Sealed values are those of the tests' `FakeSealer`, which keeps nothing. ``answers-0.1.0.json``
holds what that code then answered, wrote and did: what each holder sees (``views``), what came of
each request (``requests``), and how it ended (``finish``). Code that changes an answer on
purpose changes it there; the items stay as they are.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.upgrade.acts import acts, create, finish, outcome, sweep_until_rest, views
from tests.upgrade.deployment import Deployment, Json

HERE = Path(__file__).parent
VERSION = "0.1.0"
STATES: dict[str, Json] = json.loads((HERE / f"items-{VERSION}.json").read_text())["states"]
ANSWERS: dict[str, Json] = json.loads((HERE / f"answers-{VERSION}.json").read_text())["answers"]
GRANTS = [name for name, state in STATES.items() if "grant_id" in state]

SET_UP_SECONDS = 15 * 60
LEASE_SECONDS = 35
OUR_KEYS = ("Hallpass", "Hallpass removal key")
# The states that the fields of a grant imply; the items have variants of most, with and without a
# lease, and of every state of a one-time secret.
IMPLIED = {
    "recorded",
    "discovered",
    "identified",
    "removable",
    "snapshot taken",
    "user created",
    "removal key sealed",
    "end requested in set-up",
    "undone",
    "active",
    "active, lock mail due",
    "end requested",
    "overdue once",
    "overdue twice",
    "overdue, both mailed",
    "repair requested",
    "user gone but consent key left",
    "manual",
    "manual, reminded",
    "manual, repair requested",
    "ended, both mails due",
    "ended with a consent key left",
    "at rest",
}

Load = Callable[..., Deployment]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Give out a deployment with the items of a state, as they are or written back once."""

    def load(*states: Json, written_back: bool = False) -> Deployment:
        here = Deployment(monkeypatch, 0)
        for state in states:
            here.load(state)
            if written_back and "grant_id" in state:
                here.write_back(state["grant_id"])
        return here

    return load


@pytest.fixture(params=[False, True], ids=["as stored", "written back"])
def written_back(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_there_is_an_item_of_every_state() -> None:
    assert STATES.keys() >= IMPLIED
    assert STATES.keys() == ANSWERS.keys()


def test_each_holder_sees_what_was_seen_before(
    load: Load, subtests: pytest.Subtests, *, written_back: bool
) -> None:
    for name, state in STATES.items():
        with subtests.test(name):
            here = load(state, written_back=written_back)

            assert views(here, state) == ANSWERS[name]["views"]


def test_every_request_has_the_outcome_that_it_had(
    load: Load, subtests: pytest.Subtests, *, written_back: bool
) -> None:
    for name, state in STATES.items():
        with subtests.test(name):
            outcomes = {}
            for act in [act for act, _ in acts(load(state), state)]:
                here = load(state, written_back=written_back)
                outcomes[act] = outcome(here, state, act)

            assert outcomes == ANSWERS[name]["requests"]


def test_every_grant_is_finished_as_it_was(
    load: Load, subtests: pytest.Subtests, *, written_back: bool
) -> None:
    for name in GRANTS:
        with subtests.test(name):
            here = load(STATES[name], written_back=written_back)

            story = finish(here, STATES[name])

            assert story == ANSWERS[name]["finish"]
            nothing_is_left(here, STATES[name])


def test_the_same_request_finishes_an_interrupted_set_up(
    load: Load, subtests: pytest.Subtests, *, written_back: bool
) -> None:
    names = [name for name in GRANTS if may_be_resumed(name)]
    assert len(names) >= len(
        {"recorded", "discovered", "identified", "snapshot taken", "removal key sealed"}
    )

    for name in names:
        with subtests.test(name):
            state = STATES[name]
            here = load(state, written_back=written_back)

            here.clock += LEASE_SECONDS
            status, made = create(here, state)

            assert (status, made["state"]) == (201, "active")
            assert state["username"] in here.users(state["site"])
            assert here.users(state["site"])["admin"] == 0, "the consent key has deleted itself"
            assert create(here, state) == (200, made)
            sweep_until_rest(here, state["grant_id"])
            nothing_is_left(here, state)


def may_be_resumed(name: str) -> bool:
    """Return whether the same request may go on with a set-up, as far as its owner can see."""
    _, owner = ANSWERS[name]["views"]["owner"]
    is_young = STATES[name]["now"] < owner["created_at"] + SET_UP_SECONDS
    return owner["state"] == "preparing" and "end_requested_at" not in owner and is_young


def test_all_of_them_in_one_table_are_finished_by_the_same_sweeps(load: Load) -> None:
    states = [STATES[name] for name in GRANTS]
    here = load(*states)
    alone = [state for state in states if set(state["finish"]) <= {"sweep"}]

    for state in alone:
        sweep_until_rest(here, state["grant_id"])

    for state in alone:
        nothing_is_left(here, state)
    for state in states:
        if state not in alone:
            owner = here.call("GET", f"/grants/{state['grant_id']}", token=state["owner_token"])
            assert owner[1]["state"] == "active", "no end is claimed before it is confirmed"


def nothing_is_left(here: Deployment, state: Json) -> None:
    """Assert that the grant is at rest: its user and our keys gone, every key forgotten."""
    site = here.wordpress.sites[state["site"]]
    item = here.item("grants", state["grant_id"])
    _, owner = here.call("GET", f"/grants/{state['grant_id']}", token=state["owner_token"])
    assert (owner["state"], owner["can"]) == ("ended", [])
    word = {"event": "ended", "by": "owner"}
    only_said = any(word.items() <= event.items() for event in owner["timeline"])
    assert only_said or state["username"] not in here.users(state["site"])
    assert site.content.get("Hello world") == 1, "what others wrote stays theirs"
    names = [name for user in site.users.values() for name, _ in user.keys.values()]
    assert not {*names} & {*OUR_KEYS}
    assert "due_at" not in item
    assert int(item["purge_at"]["N"]) > here.clock
    assert list(binaries(item)) == [], "no key is kept"
    for secret in state["secrets"]:
        status, _ = here.call("GET", f"/secrets/{secret['id']}")
        opened = here.call(
            "POST",
            f"/secrets/{secret['id']}/open",
            {"access": secret["access"], "claim": secret["claim"]},
        )
        assert (status, opened[0]) in {(404, 404), (200, 410)}, "no link opens any more"


def binaries(value: Any) -> Iterator[bytes]:  # noqa: ANN401 - any part of an item
    """Yield every binary value in an item: the sealed keys."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name == "B":
                yield part
            yield from binaries(part)
    elif isinstance(value, list):
        for part in value:
            yield from binaries(part)


def test_the_items_hold_keys_where_a_state_needs_them() -> None:
    """Otherwise `nothing_is_left` would prove nothing."""
    kept = [
        name
        for name in GRANTS
        if any(base64.b64decode(blob) for blob in binaries(STATES[name]["tables"]["grants"]))
    ]

    assert {
        "recorded",
        "removal key sealed",
        "active",
        "repair requested",
        "overdue, both mailed",
    } <= {*kept}
    assert not {"at rest", "undone", "manual", "repaired"} & {*kept}
