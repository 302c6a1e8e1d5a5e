"""One Time Secret's API over the routes, with fakes: the cases, and what no case says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from time import process_time
from typing import Any
from urllib.parse import quote

import pytest
from chalice.test import Client
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as any_of

import app as app_module
from chalicelib.errors import DeliveryFailed, TryAgain
from chalicelib.onetime.envelope import decode, encode
from chalicelib.onetime.shared_keys import (
    frame,
    link_of,
    receipt_proof_of,
    secret_key_of,
    unframe,
)
from chalicelib.rate_limits.bounds import OTS_BY_NETWORK, OtsAction
from chalicelib.web import onetimesecret_fields
from tests.fakes.world import NOW, PUBLIC_URL, SETTINGS, World
from tests.onetimesecret import cases
from tests.onetimesecret.cases import CASES, Answer, Sent, Transport, play
from tests.unit.conftest import Api

USER = "kit@example.com"
VECTORS: list[dict[str, Any]] = json.loads(
    Path(cases.__file__).with_name("vectors.json").read_text()
)
# Nothing but the deployed stack answers these: a page, and what the gateway says of its own accord.
OF_THE_STACK = {"L01", "L03", "E02"}


class Clock:
    """Stands still until a case waits."""

    def __init__(self) -> None:
        self.now = NOW

    def wait(self, seconds: float) -> None:
        self.now += int(seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def send(world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Transport]:
    monkeypatch.setattr(app_module, "hallpass", lambda: world.parts)
    monkeypatch.setattr(app_module, "now", lambda: clock.now)
    with Client(app_module.app) as client:

        def over_routes(sent: Sent) -> Answer:
            answer = client.http.request(
                sent.method,
                sent.path.removeprefix("/api"),
                headers=dict(sent.headers),
                body=sent.body,
            )
            lower = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status_code, lower, answer.body.decode())

        yield over_routes


@pytest.fixture
def account(world: World) -> tuple[str, str]:
    token = world.parts.one_time_secret_api.accounts.add(USER, mail_openings=False, now=NOW)
    assert token is not None
    return USER, token


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_case(
    case: dict[str, Any], send: Transport, account: tuple[str, str], clock: Clock
) -> None:
    if case["id"] not in OF_THE_STACK:
        play(
            case,
            send,
            base=PUBLIC_URL,
            account=account,
            wait=clock.wait,
            clock=lambda: clock.now,
        )


class Client1:
    """A client of the API: the fields of a form, and the answer's status, JSON and headers."""

    def __init__(self, send: Transport) -> None:
        self._send = send
        self.headers: dict[str, str] = {}

    def __call__(
        self, method: str, path: str, *, auth: tuple[str, str] | None = None, **fields: str
    ) -> tuple[int, dict[str, Any]]:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if auth is not None:
            headers["Authorization"] = "Basic " + b64encode(":".join(auth).encode()).decode()
        body = "&".join(f"{name}={quote(value)}" for name, value in fields.items())
        answer = self._send(Sent(method, f"/api/v1/{path}", headers, body.encode()))
        self.headers = dict(answer.headers)
        return answer.status, json.loads(answer.text)


@pytest.fixture
def ask(send: Transport) -> Client1:
    return Client1(send)


class TestKeys:
    @pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["metadata_key"])
    def test_the_vector(self, vector: dict[str, Any]) -> None:
        """Seal with another implementation of AES-GCM than the one that ships."""
        key = secret_key_of(vector["metadata_key"])
        link = link_of(key, vector["passphrase"] or "")
        text = "é" * 5000 if vector["text"] == "U+00E9 x 5000" else vector["text"]
        iv = decode(vector["iv"])
        sealed = iv + AESGCM(link.key).encrypt(iv, frame(text), f"hallpass/v1 {link.id}".encode())

        assert key == vector["secret_key"]
        assert (link.id, link.access_sha256) == (vector["id"], vector["access_sha256"])
        proof = receipt_proof_of(vector["metadata_key"])
        assert encode(sha256(proof).digest()) == vector["receipt_sha256"]
        assert len(sealed) == vector["ciphertext_bytes"]
        assert encode(sha256(sealed).digest()) == vector["ciphertext_sha256"]
        assert link.seal_bytes(frame(text), iv) == sealed
        assert unframe(link.open_bytes(sealed)) == text

    @given(text=any_of.text())
    def test_a_frame_keeps_every_text(self, text: str) -> None:
        framed = frame(text)
        assert len(framed) % 256 == 0
        assert unframe(framed) == text

    @pytest.mark.parametrize("data", [b"", b"\0" * 256, b"text" + b" " * 252, b"\x80x"])
    def test_what_has_no_frame_is_refused(self, data: bytes) -> None:
        with pytest.raises(ValueError, match="framed"):
            unframe(data)


class TestReading:
    def test_five_wrong_passphrases_lock_and_burn_nothing(self, ask: Client1, clock: Clock) -> None:
        made = ask("POST", "share", secret="x", passphrase="correct horse")[1]
        path = f"secret/{made['secret_key']}"
        for _ in range(5):
            assert ask("POST", path, passphrase="wrong horse")[1]["message"] == "Unknown secret"

        assert ask("POST", path, passphrase="correct horse")[0] == 404
        assert 0 < int(ask.headers["retry-after"]) <= 1800
        clock.wait(1801)
        assert ask("POST", path, passphrase="correct horse")[1]["value"] == "x"

    def test_no_passphrase_spends_no_try(self, ask: Client1, world: World) -> None:
        made = ask("POST", "share", secret="x", passphrase="correct horse")[1]
        for _ in range(9):
            assert ask("POST", f"secret/{made['secret_key']}")[0] == 404

        assert [secret.tries_left for secret in world.stored.items.values()] == [5]

    def test_a_failure_before_the_write_costs_nothing(
        self, ask: Client1, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = ask("POST", "share", secret="x")[1]

        def broken(*_: object, **__: object) -> None:
            raise TryAgain

        with monkeypatch.context() as down:
            down.setattr(world.stored, "take", broken)
            assert ask("POST", f"secret/{made['secret_key']}")[0] == 503

        assert ask("POST", f"secret/{made['secret_key']}")[1]["value"] == "x"

    def test_what_is_read_is_no_longer_stored(self, ask: Client1, world: World) -> None:
        made = ask("POST", "share", secret="x")[1]
        ask("POST", f"secret/{made['secret_key']}")

        assert [secret.ciphertext for secret in world.stored.items.values()] == [None]

    def test_what_was_not_sealed_as_a_text_is_unknown_and_stays(
        self, ask: Client1, api: Api
    ) -> None:
        key = secret_key_of("m" * 31)
        link = link_of(key)
        assert api("POST", "/secrets", page_secret("m" * 31, link.seal("{}", bytes(12))))[0] == 201

        assert ask("POST", f"secret/{key}") == (
            404,
            {"secret_key": key, "message": "Unknown secret"},
        )
        assert api("GET", f"/secrets/{link.id}")[1]["state"] == "waiting"


def page_secret(metadata_key: str, sealed: bytes = b"", **changes: object) -> dict[str, object]:
    """Return what the page posts of a secret without a passphrase."""
    link = link_of(secret_key_of(metadata_key))
    return {
        "id": link.id,
        "ciphertext": encode(sealed or link.seal_bytes(frame("from the page"), bytes(12))),
        "access_sha256": link.access_sha256,
        "receipt_sha256": encode(sha256(receipt_proof_of(metadata_key)).digest()),
        "passphrase": False,
        "lifetime_seconds": 3600,
        **changes,
    }


class TestPageAndApi:
    METADATA_KEY = "m" * 31

    def test_the_api_opens_what_the_page_made(self, ask: Client1, api: Api) -> None:
        body = page_secret(self.METADATA_KEY)
        key = secret_key_of(self.METADATA_KEY)
        assert api("POST", "/secrets", body)[0] == 201
        assert api("POST", "/secrets", body)[0] == 200, "the same request again"
        assert ask("GET", f"private/{self.METADATA_KEY}")[1]["secret_key"] == key

        assert ask("POST", f"secret/{key}")[1]["value"] == "from the page"
        assert api("GET", f"/secrets/{body['id']}")[1]["state"] == "opened"

    def test_the_page_opens_what_the_api_made_and_the_sender_learns_when(
        self, ask: Client1, api: Api
    ) -> None:
        made = ask("POST", "share", secret="from the API")[1]
        link = link_of(made["secret_key"])
        proof = {"access": link.access, "claim": "c" * 22}

        status, opened = api("POST", f"/secrets/{link.id}/open", proof)
        assert status == 200
        assert unframe(link.open_bytes(decode(opened["ciphertext"]))) == "from the API"
        assert api("POST", f"/secrets/{link.id}/open", proof)[0] == 200, "a lost answer"
        assert ask("POST", f"secret/{made['secret_key']}")[0] == 404
        receipt = ask("GET", f"private/{made['metadata_key']}")[1]
        assert (receipt["state"], receipt["received"]) == ("received", NOW)

    def test_the_outcome_outlives_the_secret(
        self, ask: Client1, api: Api, world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(app_module, "now", lambda: clock.now)
        made = ask("POST", "share", secret="x", ttl="60")[1]
        link = link_of(made["secret_key"])
        api("POST", f"/secrets/{link.id}/open", {"access": link.access, "claim": "c" * 22})
        world.stored.items.clear()  # Native TTL.
        clock.wait(29 * 86_400)

        assert api("GET", f"/secrets/{link.id}")[1]["opened_at"] == NOW
        assert ask("GET", f"private/{made['metadata_key']}")[1]["state"] == "received"
        clock.wait(2 * 86_400)
        assert ask("GET", f"private/{made['metadata_key']}")[0] == 404

    def test_only_the_receipt_proof_burns(self, ask: Client1, api: Api) -> None:
        body = page_secret(self.METADATA_KEY)
        api("POST", "/secrets", body)
        burn = f"/secrets/{body['id']}/burn"
        link = link_of(secret_key_of(self.METADATA_KEY))

        assert api("POST", burn, token=link.access)[0] == 404
        assert api("POST", burn, token="x" * 43)[0] == 404
        proof = encode(receipt_proof_of(self.METADATA_KEY))
        assert api("POST", burn, token=proof)[0] == 204
        assert api("POST", burn, token=proof)[0] == 204
        assert api("GET", f"/secrets/{body['id']}")[1]["gone"] == "burned"
        assert ask("GET", f"private/{self.METADATA_KEY}")[1]["state"] == "burned"

    def test_a_receipt_cannot_be_taken_over(self, api: Api) -> None:
        body = page_secret(self.METADATA_KEY)
        api("POST", "/secrets", body)

        assert api("POST", "/secrets", {**body, "receipt_sha256": "x" * 42 + "w"})[0] == 409

    def test_ten_thousand_bytes_fit(self, api: Api) -> None:
        link = link_of(secret_key_of(self.METADATA_KEY))
        most = link.seal_bytes(frame("a" * 10_000), bytes(12))

        assert api("POST", "/secrets", page_secret(self.METADATA_KEY, most))[0] == 201
        more = page_secret("n" * 31, most + b"x")
        assert api("POST", "/secrets", more)[1]["field"] == "ciphertext"


class TestAccounts:
    def test_an_account_has_thirty_days_and_its_name_in_any_case(
        self, ask: Client1, account: tuple[str, str]
    ) -> None:
        shouting = (USER.upper(), account[1])

        assert ask("POST", "share", auth=shouting, secret="x", ttl="9999999")[1]["ttl"] == 2_592_000

    @pytest.mark.parametrize("header", ["Basic Og==", "Basic", "Basic é", "Basic ////", "bearer x"])
    def test_half_a_pair_is_refused(self, send: Transport, header: str) -> None:
        sent = Sent("GET", "/api/v1/status", {"Authorization": header}, b"")

        assert send(sent).headers["x-ots-intended-status"] == "401"

    def test_the_pair_needs_no_padding(self, send: Transport, account: tuple[str, str]) -> None:
        bare = b64encode(":".join(account).encode()).decode().rstrip("=")

        assert len(bare) % 4
        header = {"Authorization": f"Basic {bare}"}
        assert send(Sent("GET", "/api/v1/authcheck", header, b"")).status == 200

    def test_only_the_hash_of_a_token_is_stored(
        self, world: World, account: tuple[str, str]
    ) -> None:
        stored = world.accounts.items[USER]

        assert account[1] not in repr(stored)
        assert stored.token_sha256 == sha256(account[1].encode()).hexdigest()

    def test_what_is_stored_of_the_list_names_no_key(
        self, ask: Client1, world: World, account: tuple[str, str]
    ) -> None:
        made = ask("POST", "share", auth=account, secret="x")[1]
        stored = repr((world.accounts.lists, world.accounts.items, world.receipts.items))

        assert made["metadata_key"] not in stored
        assert made["secret_key"] not in stored

    def test_a_revoked_token_is_refused_and_the_next_one_reads_nothing_of_before(
        self, ask: Client1, world: World, account: tuple[str, str]
    ) -> None:
        accounts = world.parts.one_time_secret_api.accounts
        ask("POST", "share", auth=account, secret="x")
        assert accounts.add(USER, mail_openings=False, now=NOW) is None
        assert accounts.store.delete(USER)
        assert ask("GET", "authcheck", auth=account)[0] == 404

        token = accounts.add(USER, mail_openings=False, now=NOW) or ""
        status, listed = ask("GET", "private/recent", auth=(USER, token))
        assert (status, len(listed)) == (200, 0)

    def test_recent_is_oldest_first_and_says_what_became_of_each(
        self, ask: Client1, clock: Clock, account: tuple[str, str]
    ) -> None:
        keys = []
        for _ in range(3):
            keys.append(ask("POST", "share", auth=account, secret="x")[1])
            clock.wait(1)
        ask("POST", f"secret/{keys[0]['secret_key']}")
        ask("POST", f"private/{keys[1]['metadata_key']}/burn")

        listed: Any = ask("GET", "private/recent", auth=account)[1]
        assert [line["state"] for line in listed] == ["received", "burned", "new"]
        assert [line["metadata_key"] for line in listed] == [key["metadata_key"] for key in keys]
        assert listed[2]["secret_ttl"] is None

    def test_an_account_that_asks_for_it_is_mailed_once_when_its_secret_is_opened(
        self, ask: Client1, api: Api, world: World
    ) -> None:
        token = world.parts.one_time_secret_api.accounts.add(
            "a@b.example", mail_openings=True, now=NOW
        )
        made = ask("POST", "share", auth=("a@b.example", token or ""), secret="hunter2")[1]
        link = link_of(made["secret_key"])
        for _ in range(2):
            api("POST", f"/secrets/{link.id}/open", {"access": link.access, "claim": "c" * 22})

        (mail,) = world.outbox.sent
        assert mail.to == "a@b.example"
        assert "opened" in mail.subject
        for hidden in ("hunter2", made["secret_key"], made["metadata_key"]):
            assert hidden not in mail.text

    def test_a_mail_that_is_not_accepted_takes_nothing_from_the_reader(
        self, ask: Client1, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token = world.parts.one_time_secret_api.accounts.add(
            "a@b.example", mail_openings=True, now=NOW
        )
        made = ask("POST", "share", auth=("a@b.example", token or ""), secret="x")[1]

        def refuse(_: object) -> None:
            raise DeliveryFailed("no")

        monkeypatch.setattr(world.outbox, "send", refuse)
        assert ask("POST", f"secret/{made['secret_key']}")[1]["value"] == "x"


class TestMode:
    @pytest.fixture
    def world(self) -> World:
        return World(settings=replace(SETTINGS, one_time_secret_api="token"))

    def test_token_lets_only_accounts_share_and_all_read(
        self, ask: Client1, account: tuple[str, str]
    ) -> None:
        for act in ("share", "create", "generate"):
            assert ask("POST", act, secret="x") == (404, {"message": "Not authorized"})
        made = ask("POST", "share", auth=account, secret="x")[1]

        assert ask("GET", f"private/{made['metadata_key']}")[1]["state"] == "new"
        assert ask("POST", f"secret/{made['secret_key']}")[1]["value"] == "x"

    @pytest.mark.parametrize(
        "path", ["share", "generate", f"secret/{'a' * 31}", f"private/{'a' * 31}/burn"]
    )
    def test_off_answers_nothing(
        self, path: str, monkeypatch: pytest.MonkeyPatch, clock: Clock
    ) -> None:
        off = World(settings=replace(SETTINGS, one_time_secret_api="off"))
        monkeypatch.setattr(app_module, "hallpass", lambda: off.parts)
        monkeypatch.setattr(app_module, "now", lambda: clock.now)
        with Client(app_module.app) as client:
            answer = client.http.post(f"/v1/{path}", body=b"secret=x")

        assert (answer.status_code, answer.json_body) == (404, {"message": "Not Found"})
        assert not off.stored.items


class TestLimits:
    @pytest.fixture
    def world(self) -> World:
        return World(settings=replace(SETTINGS, rate_limits=1))

    @pytest.mark.parametrize(
        ("action", "method", "path"),
        [
            ("ots_create", "POST", "share"),
            ("ots_reveal", "POST", f"secret/{'a' * 31}"),
            ("ots_receipt", "GET", f"private/{'a' * 31}"),
        ],
    )
    def test_one_too_many_says_so_as_upstream_does(
        self, ask: Client1, action: OtsAction, method: str, path: str
    ) -> None:
        answers = [ask(method, path)[1] for _ in range(OTS_BY_NETWORK[action].hits + 1)]
        message = "Rate limit exceeded. Please try again later."

        assert [answer["message"] == message for answer in answers].count(True) == 1
        assert answers[-1] == {"message": message}
        assert ask.headers["x-ots-intended-status"] == "400"
        assert 0 < int(ask.headers["retry-after"]) <= 600

    def test_an_account_is_not_held_up_by_strangers_on_its_network(
        self, ask: Client1, account: tuple[str, str]
    ) -> None:
        for _ in range(31):
            ask("POST", "share", secret="x")

        assert ask("POST", "share", auth=account, secret="x")[0] == 200

    def test_failed_sign_ins_are_counted(self, ask: Client1, account: tuple[str, str]) -> None:
        said = [ask("GET", "status", auth=(USER, "wrong"))[1]["message"] for _ in range(21)]

        assert said[:20] == ["Not authorized"] * 20
        assert said[20].startswith("Rate limit")
        assert ask("GET", "authcheck", auth=account)[0] == 200


KEYS = any_of.sampled_from(["a" * 31, "short", "é" * 40, "%2e%2e" * 9, "K" * 3000])
TYPES = any_of.sampled_from(
    [
        "",
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "text/html",
        "application/json; charset=utf-16",
        "application/json, text/html",
    ]
)
PIECES = any_of.sampled_from(
    [
        *(b"secret=", b"&", b"%", b"%ff", b"\xff", b"\0", b"a" * 20_000, b"{", b"}", b"[", b"]"),
        *(b'{"secret":', b'"x"', b"1e999", b"NaN", b"null", b"9" * 5000, b'"\\ud800"', b":", b","),
        *(b"--x\r\n", b'Content-Disposition: form-data; name="secret"\r\n\r\n', b"\r\n--x--\r\n"),
        *(b"ttl=", b"length=", b"passphrase=", b"recipient[]=", b"share_domain=", b'"ttl":'),
    ]
)
bodies = any_of.lists(PIECES | any_of.binary(max_size=12), max_size=12).map(b"".join)
values = any_of.recursive(
    any_of.none() | any_of.booleans() | any_of.integers() | any_of.floats() | any_of.text(),
    lambda inner: any_of.lists(inner, max_size=3) | any_of.dictionaries(any_of.text(), inner),
    max_leaves=6,
)
names = any_of.sampled_from(["secret", "ttl", "length", "passphrase", "recipient", "share_domain"])
objects = any_of.dictionaries(names, values).map(lambda found: json.dumps(found).encode())
ROUTES = [
    (method, path)
    for path, by in sorted(app_module.app.routes.items())
    for method in by
    if path.startswith("/v1/")
]


CUT_OFF = b'--b\r\nContent-Disposition: form-data; name="secret"\r\n\r\nhalf of it'


class TestAnything:
    @pytest.mark.parametrize("route", ROUTES, ids=" ".join)
    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(data=any_of.data())
    def test_it_has_a_documented_answer_and_stores_nothing_when_refused(
        self, send: Transport, world: World, route: tuple[str, str], data: any_of.DataObject
    ) -> None:
        method, path = route
        key = quote(data.draw(KEYS), safe="%")
        query = data.draw(any_of.sampled_from(["", "?secret=q", "?ttl=%zz", "?a[]=&=&&x"]))
        headers = {"Content-Type": data.draw(TYPES)}
        before = len(world.stored.items)
        sent = Sent(
            method,
            "/api" + path.replace("{key}", key) + query,
            headers,
            data.draw(bodies | objects) if method == "POST" else b"",
        )

        answer = send(sent)

        assert answer.status in {200, 400, 404}
        if answer.status != 200:
            assert len(world.stored.items) == before
            assert answer.text == "" or json.loads(answer.text)["message"]


@pytest.mark.parametrize("doubled", ["secret=one&secret=two", "secret=one&ttl=60&secret=two"])
def test_of_doubled_fields_the_last_wins(send: Transport, doubled: str) -> None:
    made = send(Sent("POST", "/api/v1/share", {}, doubled.encode()))
    key = json.loads(made.text)["secret_key"]

    assert json.loads(send(Sent("POST", f"/api/v1/secret/{key}", {}, b"")).text)["value"] == "two"


def test_what_cannot_be_read_is_400_without_a_body(send: Transport) -> None:
    for body in (b"{", b"[1]", b'{"secret": "\\ud800"}', b"\xff"):
        answer = send(
            Sent("POST", "/api/v1/share", {"Content-Type": "application/json; x=1"}, body)
        )
        assert (answer.status, answer.text) == (400, "")


@pytest.mark.parametrize(
    ("query", "content_type", "body"),
    [
        ("?secret=caf%e9", "", b""),
        ("?secret=x&passphrase=%ff%fe", "", b""),
        ("", "application/x-www-form-urlencoded", b"secret=caf%e9"),
        ("", "application/x-www-form-urlencoded; charset=iso-8859-1", b"secret=caf\xe9"),
        ("", "application/json; charset=utf-16", '{"secret": "x"}'.encode("utf-16")),
        ("", "multipart/form-data; boundary=b", CUT_OFF),
        ("", "multipart/form-data; boundary=b", CUT_OFF + b"\r\n--b"),
    ],
    ids=["query", "query passphrase", "form", "raw form", "utf-16", "cut off", "nearly whole"],
)
def test_what_would_be_stored_changed_is_400_and_is_not_stored(
    send: Transport, world: World, query: str, content_type: str, body: bytes
) -> None:
    answer = send(Sent("POST", f"/api/v1/share{query}", {"Content-Type": content_type}, body))

    assert (answer.status, answer.text) == (400, "")
    assert not world.stored.items


BARE = b"Content-Disposition: form-data; name=secret\r\n\r\n"
NAMED = b'Content-Disposition: form-data; name="secret"\r\n\r\n'


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            b"--b\r\nContent-Type: text/plain\r\n" + BARE + b"v\r\n--b--\r\n",
            "v",
        ),
        (b"--b\r\n" + BARE.replace(b"secret", b"secret; x=y") + b"v\r\n--b--", "v"),
        (b"\r\n--b\r\n" + NAMED + b"v\r\n--b--\r\n", "v"),
        (b"for old readers\r\n--b\r\n" + NAMED + b"v\r\n--b--\r\nand the end", "v"),
        (b"--b\r\n" + NAMED + b"v\r\n--bb\r\nw\r\n--b--\r\n", "v\r\n--bb\r\nw"),
        (b"--b  \r\n" + NAMED + b"v\r\n--b-- \r\n", "v"),
    ],
    ids=["PowerShell 7 and .NET", "bare name", "line first", "around", "longer line", "blanks"],
)
def test_every_spelling_of_multipart_is_read_whole(send: Transport, body: bytes, text: str) -> None:
    header = {"Content-Type": 'multipart/form-data; boundary="b"'}
    made = json.loads(send(Sent("POST", "/api/v1/share", header, body)).text)
    opened = send(Sent("POST", f"/api/v1/secret/{made.get('secret_key')}", {}, b""))

    assert json.loads(opened.text).get("value") == text


@pytest.mark.parametrize(
    "body",
    [
        b"--x\r\n" + b"content-disposition:" * 10_000,
        b"--x\r\n" + b"content-disposition:;" * 10_000,
        b"a=1&" + b"a[]&" * 48_000,
    ],
)
def test_a_body_that_is_hard_to_read_is_read_in_no_time(body: bytes) -> None:
    before = process_time()

    onetimesecret_fields.read(body, "multipart/form-data", {})

    assert process_time() - before < 1


def test_too_much_at_once_has_the_documented_answer(send: Transport, world: World) -> None:
    answer = send(Sent("POST", "/api/v1/share", {}, b"secret=" + b"a" * 100_000))

    assert answer.status == 404
    assert "exceeds the maximum size" in answer.text
    assert not world.stored.items


def test_own_domain_is_no_domain_and_another_is_refused(
    ask: Client1, account: tuple[str, str]
) -> None:
    own = PUBLIC_URL.partition("://")[2]

    assert ask("POST", "share", secret="x", share_domain=own)[0] == 200
    assert ask("POST", "share", secret="x", share_domain="evil.example")[1] == {
        "message": "You do not have permission to use domain: evil.example"
    }
    assert ask("POST", "share", auth=account, secret="x", share_domain="evil.example")[1] == {
        "message": "Unknown domain: evil.example"
    }


WITHOUT_THE_CIPHER = """
import sys
from chalice.test import Client
import app
import chalicelib.onetime
from tests.fakes.world import GRANT, NOW, OWNER, World
from tests.unit.bodies import LINK, secret_body, ticket_body, user_body
from tests.unit.conftest import Api

CIPHER = "chalicelib.onetime.aes_gcm"
world = World()
app.hallpass, app.now = lambda: world.parts, lambda: NOW
with Client(app.app) as client:
    api = Api(client)
    access = {"access": LINK.access, "claim": "c" * 22}
    mine = secret_body(grant_id=GRANT, support_token=LINK.support, owner_token=OWNER)
    del sys.modules[CIPHER], chalicelib.onetime.aes_gcm  # The page has sealed what is sent.
    said = [
        api("POST", "/sites", {"url": "blog.example"})[0],
        api("POST", "/users", user_body(world))[0],
        api("POST", "/secrets", mine)[0],
        api("POST", "/tickets", ticket_body(grant_id=GRANT, owner_token=OWNER))[0],
        api("GET", f"/secrets/{LINK.id}")[0],
        api("POST", f"/secrets/{LINK.id}/open", access)[0],
        api("POST", f"/grants/{GRANT}/end", {}, token=OWNER)[0],
    ]
    world.parts.sweep.sweep(now=NOW)
    before = CIPHER in sys.modules
    said.append(api("POST", "/v1/share", raw=b"secret=x")[0])
    print(said, before, CIPHER in sys.modules)
"""


def test_the_cipher_is_loaded_by_this_api_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_CIPHER],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "EDGE_KEY": "edge-key"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.split("\n")[-2:] == [
        "[200, 201, 201, 201, 200, 200, 200, 200] False True",
        "",
    ], done.stderr
