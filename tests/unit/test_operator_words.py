"""How the operator's commands read what was typed."""

from __future__ import annotations

import pytest

from infra.operate import grants

ID = "-" + "a" * 31  # One id in 64 begins like an option.
WORDS: list[tuple[list[str], dict[str, object]]] = [
    (["show", ID], {"command": "show", "id": ID}),
    (["end", ID], {"command": "end", "id": ID, "wait": True}),
    (["end", ID, "--no-wait"], {"command": "end", "id": ID, "wait": False}),
    (["end", "--no-wait", ID], {"command": "end", "id": ID, "wait": False}),
    (["end", f"-{ID}"], {"command": "end", "id": f"-{ID}", "wait": True}),
    (["--stack", "other", "show", "a" * 32], {"stack": "other", "id": "a" * 32}),
    (["list"], {"command": "list"}),
]


@pytest.mark.parametrize(("words", "read"), WORDS)
def test_an_id_is_read_whatever_it_begins_with(words: list[str], read: dict[str, object]) -> None:
    options = vars(grants._options(words))

    assert {name: options[name] for name in read} == read


@pytest.mark.parametrize("words", [["show"], ["show", "--unknown-option-that-is-long", "extra"]])
def test_anything_else_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        grants._options(words)

    assert "error:" in capsys.readouterr().err
