"""List open accesses, show one, and end them.

    make grants ARGS="list"           every open access, soonest due first
    make grants ARGS="show ID"        one of them, with its timeline
    make grants ARGS="end ID"         end one now, and wait until its site has confirmed it
    make grants ARGS="end-all"        end all now: the day WordPress or the team is compromised
    make grants ARGS="acknowledge ID" ring no longer for one that cannot be ended, as of a dead site
    make grants ARGS="export"         every open access as one line of JSON

The ending itself is the sweep's: these commands record that it was asked for, as "end access
now" does, so they need no key. docs/operating.md says how to list accesses that have ended.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from chalicelib.errors import HallpassError
from chalicelib.grants.due_order import host_of
from chalicelib.grants.model import Grant
from chalicelib.grants.store import GrantStore, update
from chalicelib.web.fields import IDENTIFIER
from infra import prerequisites
from infra.operate import deployed
from infra.operate.deployed import Deployed, OperatorError, plain
from infra.prerequisites import printable

POLL_SECONDS = 2.0
MAX_NAMED = 10  # So many accesses one sentence names.
MAX_ID_BYTES = 128  # Those that the API takes are no longer.


def main(words: list[str]) -> None:
    """Run one of the commands."""
    options = _options(words)
    stack = deployed.connect(options)
    console = deployed.console()
    if options.command == "list":
        _list(stack, console)
    elif options.command == "show":
        _show(_get(stack.grants, options.id), console)
    elif options.command == "acknowledge":
        _acknowledge(stack, _get(stack.grants, options.id), console)
    elif options.command == "export":
        for grant in stack.open_grants():
            print(json.dumps(public(grant)))  # In ASCII: a terminal obeys none of it.
    elif options.command == "end":
        _end(stack, console, [_get(stack.grants, options.id)], options.wait)
    else:
        _end_all(stack, console, options.wait)


def public(grant: Grant) -> dict[str, Any]:
    """Return what the operator may see of *grant*: no key, no token, no hash of one."""
    return {
        "id": grant.id,
        "state": grant.state,
        "overdue": is_overdue(grant, int(time.time())),
        "site": grant.on_site.site.url if grant.on_site.site else grant.site_url,
        "username": grant.username,
        "by_hand": grant.is_manual,
        "owner_email": grant.owner_email,
        "created_at": grant.created_at,
        "expires_at": grant.expires_at,
        "end_requested_at": grant.end_requested_at,
        "acknowledged_at": grant.schedule.acknowledged_at,
        "ended_at": grant.ended_at,
        "due_at": grant.schedule.due_at,
        "attempts": grant.schedule.attempts,
        "timeline": [
            {"at": e.at, "event": e.name, "by": e.by, "detail": e.detail} for e in grant.timeline
        ],
    }


def _options(words: list[str]) -> argparse.Namespace:
    parser = deployed.arguments("grants", "List open accesses, show one, and end them.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="every open access, soonest due first")
    commands.add_parser("show", help="one access, with its timeline").add_argument("id")
    commands.add_parser("export", help="every open access as one line of JSON")
    known = commands.add_parser("acknowledge", help="ring no longer for one that cannot be ended")
    known.add_argument("id")
    one, every = (
        commands.add_parser("end", help="end one now"),
        commands.add_parser("end-all", help="end all now"),
    )
    one.add_argument("id")
    for ending in (one, every):
        ending.add_argument("--no-wait", dest="wait", action="store_false", help="only ask for it")
    # An id may begin with "-": one in 64 does. Behind "--", argparse takes none for an option.
    ids = [word for word in words if word.startswith("-") and IDENTIFIER.fullmatch(word)]
    if ids:
        words = [*(word for word in words if word not in ids), "--", *ids]
    return parser.parse_args(words)


def _get(grants: GrantStore, grant_id: str) -> Grant:
    grant = grants.get(grant_id) if 0 < len(grant_id.encode()) <= MAX_ID_BYTES else None
    if grant is None:
        raise OperatorError(
            f"There is no access {printable(grant_id)}. `make grants ARGS=list` lists them."
        )
    return grant


def _list(stack: Deployed, console: Console) -> None:
    now = int(time.time())
    table = Table("Id", "Site", "User", "State", "Until", "Next try", "Tries")
    for grant in sorted(stack.open_grants(), key=_due_since):
        overdue = is_overdue(grant, now) and grant.schedule.acknowledged_at is None
        table.add_row(
            Text(printable(grant.id), no_wrap=True),
            plain(host_of(grant.site_url) or grant.site_url),
            plain(grant.username),
            Text(_state(grant, now), style="bold red" if overdue else ""),
            _moment(grant.expires_at),
            _moment(grant.schedule.due_at),
            str(grant.schedule.attempts),
        )
    console.print(table if table.row_count else "No access is open.")


def _show(grant: Grant, console: Console) -> None:
    said = public(grant)
    timeline = said.pop("timeline")
    facts = Table(show_header=False)
    for name, value in said.items():
        is_time = name.endswith("_at") and value is not None
        facts.add_row(name, _moment(value) if is_time else plain(str(value)))
    events = Table("When", "What", "By", "Detail", title="Timeline")
    for event in timeline:
        cells = (plain(event[name]) for name in ("event", "by", "detail"))
        events.add_row(_moment(event["at"]), *cells)
    console.print(facts)
    console.print(events)


def _acknowledge(stack: Deployed, grant: Grant, console: Console) -> None:
    now = int(time.time())
    if not is_overdue(grant, now):
        raise OperatorError(f"{printable(grant.id)} is not overdue, so nothing rings for it.")
    update(stack.grants, grant.id, lambda known: known.overdue_acknowledged(now))
    console.print("The alarm leaves it out from now on; it is tried on.")


def _end_all(stack: Deployed, console: Console, wait: bool) -> None:  # noqa: FBT001
    found = list(stack.open_grants())
    if not found:
        console.print("No access is open.")
        return
    question = f"This ends {len(found)} accesses now. To go on, type the name of the stack: "
    if deployed.typed(question) != stack.name:
        raise OperatorError("That is not the name of the stack, so nothing was ended.")
    _end(stack, console, found, wait, and_new=True)


def _end(
    stack: Deployed,
    console: Console,
    asked: list[Grant],
    wait: bool,  # noqa: FBT001
    *,
    and_new: bool = False,
) -> None:
    """
    Ask for the end of *asked*, and show the progress until the last site has confirmed its own.

    With *and_new*, also of what is granted meanwhile.

    Raises:
        OperatorError: Names those that could not be asked for; all others were.
    """
    failed: dict[str, str] = {}
    with _progress(console) as progress:
        _ask(stack, asked, failed, progress, and_new=and_new)
        if wait:
            ids = [grant.id for grant in asked if grant.id not in failed]
            try:
                _wait(stack.grants, ids, progress)
            except KeyboardInterrupt:
                progress.console.print("What is left is ended without this command.")
                raise
    if not wait:
        console.print("The sweep ends them within minutes; `make status` shows what is left.")
    if failed:
        raise OperatorError(
            f"{len(failed)} of them could not be recorded as to be ended; run the same again: "
            + ", ".join(f"{grant_id} ({why})" for grant_id, why in list(failed.items())[:MAX_NAMED])
        )


def _ask(
    stack: Deployed,
    asked: list[Grant],
    failed: dict[str, str],
    progress: Progress,
    *,
    and_new: bool,
) -> None:
    """Record that each of *asked* shall end, and add to it; say in *failed* why which could not."""
    task = progress.add_task("Asked for the end of accesses", total=len(asked))
    grants, done, left = stack.grants, 0, list(asked)
    try:
        while left:
            for grant in left:
                try:
                    update(grants, grant.id, lambda g: g.end_requested("support", int(time.time())))
                except HallpassError as error:  # One of them does not keep the others.
                    failed[grant.id] = prerequisites.explain(error)
                done += 1
                progress.advance(task)
            known = {grant.id for grant in asked}
            left = [g for g in stack.open_grants() if g.id not in known] if and_new else []
            asked += left
            progress.update(task, total=len(asked))
    except KeyboardInterrupt:
        progress.console.print(
            f"Asked for {done} of {len(asked)}: those are ended without this command. For the "
            "others, run the same again."
        )
        raise


def _wait(grants: GrantStore, ids: list[str], progress: Progress) -> None:
    """Wait for the last site. A grant that needs a person is never confirmed: Ctrl-C ends this."""
    task = progress.add_task("Sites that have confirmed it", total=len(ids))
    left = _unconfirmed(grants, ids)
    failing = ""
    while left:
        progress.update(task, completed=len(ids) - len(left))
        stuck = [g for g in left if g.schedule.attempts]
        if stuck and (said := _hosts(stuck)) != failing:
            failing = said
            progress.console.print(Text(f"Still trying: {said}"))
        time.sleep(POLL_SECONDS)
        left = _unconfirmed(grants, [grant.id for grant in left])
    progress.update(task, completed=len(ids))


def _unconfirmed(grants: GrantStore, ids: Iterable[str]) -> list[Grant]:
    found = (grants.get(grant_id) for grant_id in ids)
    return [grant for grant in found if grant is not None and grant.state != "ended"]


def _hosts(grants: list[Grant]) -> str:
    reasons = []
    for grant in grants[:MAX_NAMED]:
        failures = [event.detail for event in grant.timeline if event.name == "removal_failed"]
        why = failures[-1] if failures else ""
        reasons.append(printable(f"{grant.id} at {grant.site_url} ({why})"))
    return ", ".join(reasons) + (" …" if len(grants) > len(reasons) else "")


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=console)


def _state(grant: Grant, now: int) -> str:
    if is_overdue(grant, now):
        return "overdue" if grant.schedule.acknowledged_at is None else "overdue, known"
    return "ending" if grant.end_requested_at else grant.state


def _due_since(grant: Grant) -> float:
    due_since = grant.schedule.due_since
    return float("inf") if due_since is None else due_since


def is_overdue(grant: Grant, now: int) -> bool:
    """Return whether the account should be gone, and a removal has failed."""
    return grant.state != "ended" and grant.deadline < now and grant.schedule.attempts > 0


def _moment(at: int | None) -> str:
    return "" if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


if __name__ == "__main__":
    deployed.run(main)
