"""One Time Secret's API on the deployed zip: every case, published clients, one reader."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from onetimesecret import OneTimeSecretCli, OneTimeSecretError

from infra.local.stack import Stack
from tests.onetimesecret import cases
from tests.onetimesecret.cases import CASES, over_http, play

TEXT = "pass wörd & + % = ? 🔑\nsecond line "
PASSPHRASE = "correct horse & co"
NPM_CLIENT = Path(cases.__file__).with_name("npm_client.mjs")
OTSCLI = "import sys; from otscli.otscli import client; sys.argv[0] = 'otscli'; client()"
READERS = 32
TIMES = ("created_at", "expires_at", "purge_at")


@pytest.fixture(scope="module")
def account(stack: Stack) -> tuple[str, str]:
    added = stack.add_account("kit@example.com")
    return added["user"], added["token"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_case(case: dict[str, Any], stack: Stack, account: tuple[str, str]) -> None:
    dynamodb, table = stack.client("dynamodb"), stack.outputs["SecretsTableName"]

    def stored() -> dict[str, dict[str, Any]]:
        pages = dynamodb.get_paginator("scan").paginate(TableName=table)
        return {item["id"]["S"]: item for page in pages for item in page["Items"]}

    earlier = stored() if any(step.get("wait") for step in case["steps"]) else {}

    def turn_clock(seconds: float) -> None:
        """Let what the case has stored be so much older, instead of waiting."""
        for item in [i for name, i in stored().items() if name not in earlier] if seconds else []:
            aged = {n: {"N": str(int(item[n]["N"]) - int(seconds))} for n in TIMES if n in item}
            dynamodb.put_item(TableName=table, Item=item | aged)

    url = stack.app_url
    play(case, over_http(url), base=url, account=account, wait=turn_clock)


def read(stack: Stack, link: str, **fields: str) -> dict[str, Any]:
    """Read the secret behind a link that a client has built."""
    base = f"{stack.app_url}/secret/"
    assert link.startswith(base)
    key = link.removeprefix(base)
    answer = requests.post(f"{stack.app_url}/api/v1/secret/{key}", data=fields, timeout=60)
    said: dict[str, Any] = answer.json()
    return said


class TestPypiOnetimesecret:
    def test_what_it_shares_is_read_once(self, stack: Stack) -> None:
        link = OneTimeSecretCli(url=stack.app_url).create_link(TEXT, ttl=60)

        assert requests.get(link, timeout=60).headers["Content-Type"].startswith("text/html")
        assert read(stack, link)["value"] == TEXT
        assert read(stack, link)["message"] == "Unknown secret"

    def test_an_account(self, stack: Stack, account: tuple[str, str]) -> None:
        link = OneTimeSecretCli(*account, url=stack.app_url).create_link("mine")

        assert read(stack, link)["value"] == "mine"

    @pytest.mark.parametrize(
        ("signed", "text", "message"),
        [
            ((), "", "You did not provide anything to share"),
            ((), "a" * 10_001, "exceeds the maximum size"),
            (("nobody@example.com", "wrong"), "x", "Not authorized"),
        ],
    )
    def test_it_repeats_why_it_was_refused(
        self, stack: Stack, signed: tuple[str, ...], text: str, message: str
    ) -> None:
        with pytest.raises(OneTimeSecretError, match=message) as refused:
            OneTimeSecretCli(*signed, url=stack.app_url).create_link(text)

        assert refused.value.status_code == 404


class TestPypiOtscli:
    def link(self, stack: Stack, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", OTSCLI, "-d", stack.app_url, *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        return done.stdout.strip()

    def test_what_it_shares_is_read_once(self, stack: Stack) -> None:
        link = self.link(stack, "-s", "tëxt & more")

        assert read(stack, link)["value"] == "tëxt & more"
        assert read(stack, link)["message"] == "Unknown secret"

    def test_its_passphrase_is_asked_for(self, stack: Stack) -> None:
        link = self.link(stack, "-s", "guarded", "-p", PASSPHRASE)

        assert read(stack, link, passphrase="wrong horse")["message"] == "Unknown secret"
        assert read(stack, link, passphrase=PASSPHRASE)["value"] == "guarded"


class NpmClient:
    """Calls npm's onetimesecret-api in a process of its own each time."""

    def __init__(self, base: str, account: tuple[str, str]) -> None:
        self._start = ["node", "--no-deprecation", str(NPM_CLIENT), base, *account]

    def said(self, method: str, *arguments: object) -> dict[str, Any]:
        done = subprocess.run(
            [*self._start, method, json.dumps(arguments)],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def __call__(self, method: str, *arguments: object) -> Any:  # noqa: ANN401 - as the method says
        said = self.said(method, *arguments)
        assert "error" not in said, said
        return said.get("value")

    def error(self, method: str, *arguments: object) -> str:
        return str(self.said(method, *arguments).get("error"))


class TestNpm:
    @pytest.fixture
    def ots(self, stack: Stack, account: tuple[str, str]) -> NpmClient:
        return NpmClient(stack.app_url, account)

    def test_share_read_once_and_see_it_received(
        self, stack: Stack, ots: NpmClient, account: tuple[str, str]
    ) -> None:
        assert ots("status") is True
        made = ots("share", TEXT, {"ttl": 3600})

        assert made["share_link"] == f"{stack.app_url}/secret/{made['secret_key']}"
        assert (made["custid"], made["state"], made["ttl"]) == (account[0], "new", 3600)
        assert made["passphrase_required"] is False
        assert ots("retrieveMetadata", made["metadata_key"])["secret_key"] == made["secret_key"]
        assert ots("retrieveSecret", made["secret_key"])["value"] == TEXT
        assert ots.error("retrieveSecret", made["secret_key"]) == "UnknownSecretError"
        seen = ots("retrieveMetadata", made["metadata_key"])
        assert seen["state"] == "received"
        assert isinstance(seen["received"], int)
        assert "secret_key" not in seen

    def test_a_passphrase(self, ots: NpmClient) -> None:
        made = ots("share", "guarded", {"passphrase": PASSPHRASE, "ttl": 60})
        key = made["secret_key"]

        assert (made["passphrase_required"], made["ttl"]) == (True, 60)
        assert ots.error("retrieveSecret", key) == "UnknownSecretError"
        assert ots.error("retrieveSecret", key, {"passphrase": "wrong"}) == "UnknownSecretError"
        assert ots("retrieveSecret", key, {"passphrase": PASSPHRASE})["value"] == "guarded"

    def test_generate(self, ots: NpmClient) -> None:
        made = ots("generate", {"ttl": 3600})

        assert len(made["value"]) == 12
        assert ots("retrieveSecret", made["secret_key"])["value"] == made["value"]
        assert ots("generate")["ttl"] == 604_800

    def test_burn_and_list(self, ots: NpmClient) -> None:
        made = ots("share", "to burn")
        burned = ots("burn", made["metadata_key"])

        assert burned["state"]["state"] == "burned"
        assert made["secret_key"].startswith(burned["secret_shortkey"])
        assert ots.error("retrieveSecret", made["secret_key"]) == "UnknownSecretError"
        assert ots.error("burn", made["metadata_key"]) == "UnknownSecretError"
        listed = [m for m in ots("recentMetadata") if m["metadata_key"] == made["metadata_key"]]
        assert [line["state"] for line in listed] == ["burned"]
        assert "secret_key" not in listed[0]

    def test_it_types_every_refusal(self, stack: Stack, ots: NpmClient) -> None:
        stranger = NpmClient(stack.app_url, ("nobody@example.com", "wrong"))

        assert ots.error("retrieveMetadata", "a" * 31) == "UnknownSecretError"
        assert ots.error("retrieveMetadata", "short") == "NotFoundError"
        assert stranger.error("status") == "NotAuthorizedError"
        assert "You did not provide anything to share" in ots.said("share", "")["message"]


@pytest.mark.parametrize("passphrase", ["", "correct horse"])
def test_of_many_readers_at_once_one_wins(stack: Stack, passphrase: str) -> None:
    api = f"{stack.app_url}/api/v1"
    fields = {"secret": "s3cret", "passphrase": passphrase}
    made = requests.post(f"{api}/share", data=fields, timeout=60).json()

    def reading(_: int) -> requests.Response:
        with requests.Session() as session:
            proof = {"passphrase": passphrase}
            return session.post(f"{api}/secret/{made['secret_key']}", data=proof, timeout=60)

    with ThreadPoolExecutor(READERS) as pool:
        answers = list(pool.map(reading, range(READERS)))
    won = [answer for answer in answers if answer.status_code == 200]

    assert [answer.json()["value"] for answer in won] == ["s3cret"]
    assert {answer.status_code for answer in answers} == {200, 404}


def test_a_view_changes_nothing(stack: Stack) -> None:
    """Scanners GET, HEAD and OPTIONS whatever they find, pages and API alike."""
    made = requests.post(f"{stack.app_url}/api/v1/share", data={"secret": "x"}, timeout=60).json()
    paths = [f"secret/{made['secret_key']}", f"private/{made['metadata_key']}"]
    for path in [*paths, *(f"api/v1/{path}" for path in paths)]:
        for method in ("GET", "HEAD", "OPTIONS"):
            purpose = {"Purpose": "prefetch", "Sec-Purpose": "prefetch"}
            requests.request(method, f"{stack.app_url}/{path}", headers=purpose, timeout=60)

    answer = requests.post(f"{stack.app_url}/api/v1/{paths[0]}", timeout=60)
    assert answer.json()["value"] == "x"


@pytest.mark.parametrize(
    ("query", "content_type", "body"),
    [
        ("?secret=caf%e9", "", b""),
        ("", "application/x-www-form-urlencoded; charset=iso-8859-1", b"secret=caf\xe9"),
        ("", "application/json; charset=utf-16", '{"secret": "x"}'.encode("utf-16")),
    ],
    ids=["query", "form", "utf-16"],
)
def test_what_the_gateway_would_change_on_the_way_is_not_shared(
    stack: Stack, query: str, content_type: str, body: bytes
) -> None:
    answer = requests.post(
        f"{stack.app_url}/api/v1/share{query}",
        headers={"Content-Type": content_type},
        data=body,
        timeout=60,
    )

    assert (answer.status_code, answer.text) == (400, "")


class TestTokens:
    """`make tokens`, as an operator types it."""

    def run(self, stack: Stack, arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [
                shutil.which("make") or "make",
                "-s",
                "tokens",
                f"ARGS=--stack {stack.aws['stack']} {arguments}",
            ],
            env={**os.environ, **stack.ministack.credentials},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def status(self, stack: Stack, user: str, token: str) -> int:
        check = f"{stack.app_url}/api/v1/authcheck"
        return requests.get(check, auth=(user, token), timeout=60).status_code

    def test_an_account_is_added_and_listed_and_dead_at_once_when_it_is_revoked(
        self, stack: Stack
    ) -> None:
        code, said = self.run(stack, "add Op@Example.com --mail-openings")
        found = re.fullmatch(r"user   (\S+)\ntoken  (\S{32,})\nThe token is not .*\n", said)
        assert code == 0
        assert found is not None
        user, token = found.groups()
        assert user == "op@example.com"
        assert self.status(stack, user, token) == 200
        assert self.status(stack, user, token[:-1]) == 404

        _, listed = self.run(stack, "list")
        assert re.search(
            r"^op@example\.com  added \d{4}-\d\d-\d\d  gets mails$", listed, re.MULTILINE
        )
        assert token not in listed

        _, said = self.run(stack, "revoke OP@example.com")
        assert "op@example.com can no longer sign in" in said
        assert self.status(stack, user, token) == 404
        assert "op@example.com" not in self.run(stack, "list")[1]

    def test_what_cannot_be_done_says_why_and_changes_nothing(self, stack: Stack) -> None:
        token = stack.add_account("kept@example.com")["token"]

        for arguments, why in (
            ("add kept@example.com", "has a token already"),
            ("add no:name", "A name has letters, digits"),
            ("revoke unknown@example.com", "There is no account “unknown@example.com”"),
            ("", "required: act"),
        ):
            code, said = self.run(stack, arguments)
            assert code != 0
            assert why in said
            assert "Traceback" not in said
        assert self.status(stack, "kept@example.com", token) == 200
