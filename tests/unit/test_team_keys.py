"""The team's key: Python's own HPKE and the browser's code make the same boxes and files."""

from __future__ import annotations

import json
import secrets
import subprocess
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from chalicelib.onetime.envelope import decode, encode
from infra import team_keys
from tests.team_key import PASSPHRASE, TeamKey

TESTS = Path(__file__).parents[1]
VECTOR: dict[str, Any] = json.loads((TESTS / "team-vectors.json").read_text())


def browser(**asked: str) -> dict[str, str]:
    """Return what the pages' own modules make of *asked*, in Node."""
    done = subprocess.run(
        ["node", str(TESTS / "js" / "team-box.js")],  # noqa: S607
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    said: dict[str, str] = json.loads(done.stdout)
    return said


def test_browser_and_python_open_and_read_what_the_other_made() -> None:
    key, link_key = TeamKey.make(), secrets.token_bytes(32)

    said = browser(
        link_key=encode(link_key),
        public_key=key.public,
        file=key.file(),
        passphrase=PASSPHRASE,
        box=key.seal(link_key),
    )

    assert said["opened"] == encode(link_key), "the browser reads Python's file and opens its box"
    assert key.open(said["box"]) == link_key, "Python opens the browser's box"
    made = TeamKey.read(said["file"])
    assert made.public == json.loads(said["file"])["public_key"], "Python reads the browser's file"


def test_python_opens_the_vector_that_binds_the_browser() -> None:
    key = TeamKey.read(json.dumps(VECTOR["file"]), VECTOR["passphrase"])

    assert key.public == VECTOR["public_key"]
    assert key.open(VECTOR["box"]) == decode(VECTOR["link_key"])
    assert key.private.private_numbers().private_value.to_bytes(32) == decode(VECTOR["private_key"])


def test_another_key_opens_nothing() -> None:
    with pytest.raises(InvalidTag):
        TeamKey.make().open(VECTOR["box"])


def test_the_operators_words_are_those_of_the_page() -> None:
    assert team_keys.fingerprint(VECTOR["public_key"]) == VECTOR["fingerprint"]


def test_only_a_point_of_the_curve_is_a_key() -> None:
    point = bytearray(decode(VECTOR["public_key"]))

    assert team_keys.is_key(VECTOR["public_key"])
    for place in (0, 1, 64):
        wrong = point.copy()
        wrong[place] ^= 1
        assert not team_keys.is_key(encode(bytes(wrong)))
    for no_key in ("", "A" * 87, VECTOR["public_key"][:-4], "ä", f"{VECTOR['public_key']}AAAA"):
        assert not team_keys.is_key(no_key)


def test_another_spelling_of_a_key_is_none_because_browsers_compare_the_text() -> None:
    key: str = VECTOR["public_key"]
    twin = key[:-1] + chr(ord(key[-1]) + 1)
    assert urlsafe_b64decode(f"{twin}=") == decode(key)

    for spelling in (twin, f" {key}", f"{key[:9]}\n{key[9:]}", f"{key}="):
        assert not team_keys.is_key(spelling)


def test_an_operator_reads_the_words_of_every_key() -> None:
    newest, older = VECTOR["ephemeral_public_key"], VECTOR["public_key"]

    lines = team_keys.lines([newest, older])

    assert team_keys.fingerprint(newest) in lines[0]
    assert "older" in lines[1]
    assert VECTOR["fingerprint"] in lines[1]
    assert "not sealed" in team_keys.lines([])[0]
