"""
What people and the clock do with a stored state, and what came of it, as JSON.

The code of an earlier version has played the same acts on the same items; the tests compare.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from tests.upgrade.deployment import Deployment, Json

OTHER_CLAIM = "another-reader-claims-it"
MAX_SWEEPS = 60
SWEEPS_BEFORE_A_PERSON_ACTS = 4
SWEEP_SECONDS = 60
LEASE_SECONDS = 120  # The longest lease; after it every call gets its turn.

GONE = {"gone": True}

Act = Callable[[], tuple[int, Any]]


def acts(here: Deployment, state: Json) -> Iterator[tuple[str, Act]]:
    """Yield the name of every request that a person can make about *state*, and the request."""
    if "grant_id" in state:
        grant = f"/grants/{state['grant_id']}"
        owner, support = state["owner_token"], state["support_token"]
        yield "owner extends", lambda: here.call("POST", f"{grant}/extend", {"days": 2}, owner)
        yield "owner ends", lambda: here.call("POST", f"{grant}/end", None, owner)
        yield "support ends", lambda: here.call("POST", f"{grant}/end", None, support)
        yield "owner says it is gone", lambda: here.call("POST", f"{grant}/end", GONE, owner)
        yield "owner repairs", lambda: repair(here, state)
        yield "the first request again", lambda: create(here, state)
        yield "the ticket", lambda: here.call("POST", "/tickets", state["ticket"])
        yield "sweep", lambda: _swept(here)
    for number, secret in enumerate(state["secrets"], 1):
        yield from _acts_on_secret(here, state, secret, f"link {number}")


def _acts_on_secret(
    here: Deployment, state: Json, secret: Json, name: str
) -> Iterator[tuple[str, Act]]:
    path, claim = f"/secrets/{secret['id']}", secret["claim"]
    right = {"access": secret["access"], "claim": claim}
    other = {**right, "claim": OTHER_CLAIM}
    wrong = {**other, "access": secret["wrong_access"]}
    again = {**secret["request"]}
    if again.pop("support_token", None):  # Version 0.1.0 let support add links; now the owner does.
        again["owner_token"] = state["owner_token"]
    yield f"{name} made again", lambda: here.call("POST", "/secrets", again)
    yield f"{name} opened", lambda: here.call("POST", f"{path}/open", right)
    yield f"{name} opened by another", lambda: here.call("POST", f"{path}/open", other)
    yield f"{name} guessed at", lambda: here.call("POST", f"{path}/open", wrong)
    yield f"{name} acknowledged", lambda: here.call("POST", f"{path}/ack", {"claim": claim})
    if "grant_id" in state:
        owner = state["owner_token"]
        yield f"{name} burned", lambda: here.call("POST", f"{path}/burn", None, owner)


def create(here: Deployment, state: Json) -> tuple[int, Any]:
    """Send the request again that began the access."""
    return here.call("POST", state["request"]["path"], state["request"]["body"])


def repair(here: Deployment, state: Json) -> tuple[int, Any]:
    """Approve once more, and let that remove the support user, confirmed if the page asks."""
    consent = here.consent(state["site"], "admin")
    path = f"/grants/{state['grant_id']}/repair"
    status, answer = here.call("POST", path, consent, state["owner_token"])
    if "found" not in answer:
        return status, answer
    confirmed = {**consent, "confirm": answer["found"]["id"]}
    return here.call("POST", path, confirmed, state["owner_token"])


def views(here: Deployment, state: Json) -> Json:
    """
    Return what the holder of each token and link reads: status and body of each answer.

    Of what support and the links in mails show, only what differs from the owner's is returned.
    """
    seen: Json = {}
    if "grant_id" in state:
        path = f"/grants/{state['grant_id']}"
        seen["owner"] = status, owner = here.call("GET", path, token=state["owner_token"])
        assert status == HTTPStatus.OK
        tokens = {"support": state["support_token"]}
        tokens |= {f"mail {n}": token for n, token in enumerate(state["mailed_tokens"], 1)}
        for holder, token in tokens.items():
            status, shown = here.call("GET", path, token=token)
            seen[holder] = status, _difference(owner, shown)
    for number, secret in enumerate(state["secrets"], 1):
        seen[f"link {number}"] = here.call("GET", f"/secrets/{secret['id']}")
    return _as_json(seen)


def outcome(here: Deployment, state: Json, name: str) -> Json:
    """
    Play the act *name*; return its answer and all that it has changed.

    Parts that did not change are left out, and so are the texts of mails, which `finish` returns.
    ``texts`` of a state names the acts whose mails are returned with their texts.
    """
    before = _around(here, state)
    answer = dict(acts(here, state))[name]()
    after = _around(here, state)
    changed = {part: value for part, value in after.items() if value != before[part]}
    if name in state.get("texts", ()):
        changed["mails"] = here.mails(texts=True)
    if "owner sees" in changed:
        changed["owner sees"] = _difference(before["owner sees"], after["owner sees"])
    return _as_json({"answer": answer, **changed})


def finish(here: Deployment, state: Json) -> Json:
    """Play the steps that *state* names: sweeps at the times that are due, and what people do."""
    start, before = here.clock, _around(here, state)
    story: list[object] = []
    end = f"/grants/{state['grant_id']}/end"
    people: dict[str, Act] = {
        "repair": lambda: repair(here, state),
        "gone": lambda: here.call("POST", end, GONE, state["owner_token"]),
    }
    for number, step in enumerate(state["finish"], 1):
        if step == "sweep":
            is_last = number == len(state["finish"])
            most = MAX_SWEEPS if is_last else SWEEPS_BEFORE_A_PERSON_ACTS
            story += [at - start for at in sweep_until_rest(here, state["grant_id"], most)]
        else:
            here.clock += LEASE_SECONDS
            story.append([here.clock - start, step, *people[step]()])
    after = _around(here, state)
    end_of_story = {
        "steps": story,
        "users": after["users"],
        "owner sees": _difference(before["owner sees"], after["owner sees"]),
        "purge_in": after["purge_in"],
        "mails": here.mails(texts=True),
    }
    return _as_json(end_of_story)


def sweep_until_rest(here: Deployment, grant_id: str, most: int = MAX_SWEEPS) -> list[int]:
    """
    Turn the clock to each time that the grant is due, and sweep. Return those times.

    A grant that stays due, because another call holds its lease, is swept again a minute later.
    """
    times: list[int] = []
    while (due_at := _number(here, "grants", grant_id, "due_at")) is not None and len(times) < most:
        here.clock = max(here.clock + (SWEEP_SECONDS if times else 0), due_at)
        times.append(here.clock)
        here.sweep()
    return times


def _swept(here: Deployment) -> tuple[int, Any]:
    here.sweep()
    return 200, None


def _as_json(value: Json) -> Json:
    """Return *value* as it would be read from a file: with lists for tuples."""
    read: Json = json.loads(json.dumps(value))
    return read


def _around(here: Deployment, state: Json) -> Json:
    """Return all that one act may change, but the items themselves."""
    around: Json = {"mails": here.mails(texts=False)}
    if "grant_id" in state:
        grant_id = state["grant_id"]
        path = f"/grants/{grant_id}"
        around["users"] = here.users(state["site"])
        around["owner sees"] = here.call("GET", path, token=state["owner_token"])[1]
        for name in ("due", "purge"):
            at = _number(here, "grants", grant_id, f"{name}_at")
            around[f"{name}_in"] = None if at is None else at - state["now"]
    for number, secret in enumerate(state["secrets"], 1):
        around[f"link {number}"] = here.call("GET", f"/secrets/{secret['id']}")
        item = here.item("secrets", secret["id"])
        around[f"link {number} keeps its ciphertext"] = any("B" in value for value in item.values())
        at = _number(here, "secrets", secret["id"], "purge_at")
        around[f"link {number} purge_in"] = None if at is None else at - state["now"]
    return around


def _difference(before: Json, after: Json) -> Json:
    """Return the fields of *after* that are new or other; of the timeline what was appended."""
    changed = {name: value for name, value in after.items() if before.get(name, ...) != value}
    old, new = before.get("timeline", []), after.get("timeline", [])
    if "timeline" in changed and new[: len(old)] == old:
        changed["timeline"] = ["…", *new[len(old) :]]
    lost = before.keys() - after.keys()
    return {**changed, "lost": sorted(lost)} if lost else changed


def _number(here: Deployment, table: str, key: str, attribute: str) -> int | None:
    value = here.item(table, key).get(attribute)
    return None if value is None else int(value["N"])
