"""
python -m tests.upgrade: write what today's code answers for the stored items, to be read as a diff.

The tests hold the code to `answers-0.1.0.json`. When an answer changes on purpose, this writes the
new ones; the diff is then part of the change, and each line of it needs a reason.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.upgrade.acts import acts, finish, outcome, views
from tests.upgrade.deployment import Deployment, Json
from tests.upgrade.test_stored_items import ANSWERS, GRANTS, HERE, STATES, VERSION


def answers(patch: pytest.MonkeyPatch, name: str) -> Json:
    """Return what each holder sees in the state *name*, what each request does, and how it ends."""

    def load() -> Deployment:
        here = Deployment(patch, 0)
        here.load(STATES[name])
        return here

    state = STATES[name]
    names = [act for act, _ in acts(load(), state)]
    found: dict[str, Any] = {
        "views": views(load(), state),
        "requests": {act: outcome(load(), state, act) for act in names},
    }
    if name in GRANTS:
        found["finish"] = finish(load(), state)
    return found


def main() -> None:
    """Rewrite the file."""
    file = HERE / f"answers-{VERSION}.json"
    whole = json.loads(file.read_text())
    with pytest.MonkeyPatch.context() as patch:
        whole["answers"] = {name: answers(patch, name) for name in ANSWERS}
    parts = [f'"{name}": {_lines(found)}' for name, found in whole["answers"].items()]
    made_by, answered = json.dumps(whole["made_by"]), ",\n".join(parts)
    file.write_text(f'{{\n"made_by": {made_by},\n"answers": {{\n{answered}\n}}\n}}\n')


def _lines(found: Json) -> str:
    """Return the three parts of one state's answers, each on a line of its own."""
    parts = [f' "{name}": {json.dumps(part, ensure_ascii=False)}' for name, part in found.items()]
    return "{\n" + ",\n".join(parts) + "\n}"


if __name__ == "__main__":
    main()
