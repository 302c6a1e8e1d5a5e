"""The Python twin gives the same bytes as the vectors that bind the browser's."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.onetime.envelope import Link, decode, encode, proof_hash

VECTORS = json.loads((Path(__file__).parents[1] / "vectors.json").read_text())["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=range(len(VECTORS)))
def test_every_derived_value_matches_the_vector(vector: dict[str, Any]) -> None:
    link = Link.derive(decode(vector["link_key"]), vector["passphrase"])

    assert (link.id, link.access, link.support) == (
        vector["id"],
        vector["access"],
        vector["support"],
    )
    assert link.access_sha256 == vector["access_sha256"]


@pytest.mark.parametrize("vector", VECTORS, ids=range(len(VECTORS)))
def test_sealing_gives_the_vectors_ciphertext_and_opening_the_plaintext(
    vector: dict[str, Any],
) -> None:
    link = Link.derive(decode(vector["link_key"]), vector["passphrase"])

    sealed = link.seal(vector["plaintext"], decode(vector["iv"]))

    assert encode(sealed) == vector["ciphertext"]
    assert hashlib.sha256(sealed).hexdigest() == vector["ciphertext_sha256_hex"]
    assert link.open(sealed).rstrip(" ") == vector["plaintext"].rstrip(" ")


def test_the_designs_own_table_is_among_the_vectors() -> None:
    hashes = {vector["ciphertext_sha256_hex"] for vector in VECTORS}

    assert {
        "55d650cb89706fc1b3a2b2fee519b861977c1ba6148405199a4d9f6575d7aaeb",
        "5aec49c641b426ac280c051b6c0230b991e6f07c54a0e1e66157825d81883c5c",
    } <= hashes


def test_an_altered_ciphertext_does_not_open() -> None:
    link = Link.derive(bytes(range(32)))
    sealed = bytearray(link.seal("{}", bytes(12)))
    sealed[-1] ^= 1

    with pytest.raises(ValueError, match="altered"):
        link.open(bytes(sealed))


def test_another_passphrase_does_not_open() -> None:
    sealed = Link.derive(bytes(32), "one").seal("{}", bytes(12))

    with pytest.raises(ValueError, match="Not sealed for this link"):
        Link.derive(bytes(32), "two").open(sealed)


@pytest.mark.parametrize("text", ["a", "ab==", "a+/b", "AB CD", "ä", "AB"[:1] + "-" * 4])
def test_only_the_one_base64url_spelling_is_read(text: str) -> None:
    with pytest.raises(ValueError, match="Not base64url"):
        decode(text)


def test_a_proof_is_hashed_as_bytes_not_as_text() -> None:
    assert proof_hash(encode(b"x" * 32)) == encode(hashlib.sha256(b"x" * 32).digest())


def test_keys_do_not_show_when_a_link_is_printed() -> None:
    link = Link.derive(bytes(range(32)))

    assert link.access not in repr(link)
