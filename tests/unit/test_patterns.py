"""`patterns.pattern` matches as `re.compile` does, later."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest

from chalicelib.patterns import pattern


@pytest.mark.parametrize("text", ["a1b22", "", "A1"])
def test_every_method_does_what_the_compiled_one_does(text: str) -> None:
    late: Any = pattern(r"([a-z])(\d+)", re.IGNORECASE)
    compiled = re.compile(r"([a-z])(\d+)", re.IGNORECASE)

    assert late.findall(text) == compiled.findall(text)
    assert late.sub("-", text) == compiled.sub("-", text)
    assert bool(late.fullmatch(text)) == bool(compiled.fullmatch(text))
    assert [m.span() for m in late.finditer(text, 1)] == [
        m.span() for m in compiled.finditer(text, 1)
    ]
    assert late.pattern == compiled.pattern


def test_a_pattern_of_bytes_matches_bytes() -> None:
    assert pattern(rb"\d+").search(b"a12")[0] == b"12"  # type: ignore[index] # It matches.


def test_an_import_of_the_functions_compiles_no_pattern() -> None:
    code = (
        "import botocore.session, chalice.app, re, sys\n"
        "compiled = []\n"
        "real = re._compile\n"
        "def noted(text, flags):\n"
        "    compiled.append((sys._getframe(2).f_globals['__name__'], text))\n"
        "    return real(text, flags)\n"
        "re._compile = noted\n"
        "import app\n"
        "assert not compiled, compiled\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
