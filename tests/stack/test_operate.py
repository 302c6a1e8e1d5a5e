"""What an operator does in the years after the first deployment, on the real stack."""

from __future__ import annotations

import base64
import io
import json
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from chalicelib.aws.grant_table import GrantTable
from infra import deploy, package, pages, team_keys
from infra.cloudformation import DeployError, Deployment
from infra.local.ports import wait_until
from infra.local.stack import ARTIFACTS, NAME, Stack
from infra.local.wordpress import WordPress
from infra.operate import dead_letters, deployed, destroy, doctor, grants, status, tokens
from tests.page import basic
from tests.team_key import TeamKey

KEY, OTHER_KEY = (TeamKey.make().public for _ in range(2))
UPGRADE = Path(__file__).resolve().parents[1] / "upgrade"
OLD_ITEM: dict[str, Any] = next(
    state["tables"]["grants"][0]
    for name, state in json.loads((UPGRADE / "items-0.1.0.json").read_text())["states"].items()
    if name == "active"
)


@dataclass
class Account:
    """A support user on the real site, with a removal key of its own."""

    wordpress: WordPress
    id: int
    username: str
    key: str

    @property
    def exists(self) -> bool:
        return _rest(self.wordpress, "GET", f"/{self.id}", {"context": "edit"}).ok


def _rest(site: WordPress, method: str, route: str, body: object) -> requests.Response:
    url = f"{site.url}/?rest_route=/wp/v2/users{route}"
    return requests.request(method, url, headers=basic(*site.auth), json=body, timeout=60)


@pytest.fixture
def support_user(wordpress: WordPress) -> Account:
    username = f"support{secrets.token_hex(4)}"
    made = _rest(
        wordpress,
        "POST",
        "",
        {
            "username": username,
            "email": f"support+{username}@acme.example",
            "password": secrets.token_urlsafe(20),
            "roles": ["administrator"],
        },
    ).json()
    key = _rest(wordpress, "POST", f"/{made['id']}/application-passwords", {"name": "Hallpass"})
    return Account(wordpress, made["id"], username, key.json()["password"].replace(" ", ""))


def record(stack: Stack, user: Account, *, expires_in: int) -> str:
    """Store, as version 0.1.0 did, that *user* must be deleted; return the grant's id."""
    grant_id = secrets.token_urlsafe(16)
    expires_at, site = int(time.time()) + expires_in, user.wordpress.url
    sealed = stack.client("kms").encrypt(
        KeyId=stack.outputs["DataKeyArn"],
        Plaintext=user.key.encode(),
        EncryptionContext={"grant_id": grant_id, "purpose": "removal"},
    )["CiphertextBlob"]
    old_site = {
        "url": site,
        "name": "A blog",
        "rest_root": f"{site}/?rest_route=/",
        "login_url": f"{site}/wp-login.php",
        "authorize_url": f"{site}/wp-admin/authorize-application.php",
    }
    item = {
        **OLD_ITEM,
        "id": {"S": grant_id},
        "site_url": {"S": site},
        "site": {"M": {name: {"S": value} for name, value in old_site.items()}},
        "username": {"S": user.username},
        "owner_id": {"N": "1"},
        "user_id": {"N": str(user.id)},
        "sealed_removal": {"B": sealed},
        "expires_at": {"N": str(expires_at)},
        "due_at": {"N": str(expires_at)},
        "secret_ids": {"L": []},
        "before": {"S": ""},
    }
    table = stack.outputs["GrantsTableName"]
    stack.client("dynamodb").put_item(TableName=table, Item=item)
    return grant_id


@contextmanager
def emulated(monkeypatch: pytest.MonkeyPatch, wordpress: WordPress) -> Iterator[Stack]:
    """An account without a stack; every AWS tool of this process goes there."""
    stack = Stack(allowed_sites=(wordpress.url,), front_door=False)
    try:
        stack.start_aws()
        for name, value in stack.ministack.credentials.items():
            monkeypatch.setenv(name, value)
        for module in (deploy, deployed):
            monkeypatch.setattr(module, "POLL_SECONDS", 0.05)
        monkeypatch.setattr(grants, "POLL_SECONDS", 0.2)
        yield stack
    finally:
        stack.__exit__()


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, wordpress: WordPress) -> Iterator[Stack]:
    with emulated(monkeypatch, wordpress) as stack:
        yield stack


@pytest.fixture
def running(bare: Stack) -> Stack:
    bare.deploy()
    return bare


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run one of the operator's commands on the local stack; return what it printed."""

    def run(command: Any, *words: str) -> str:  # noqa: ANN401  One of many modules.
        command.main(["--stack", NAME, *words])
        return capsys.readouterr().out

    return run


def type_in(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{words}\n"))


def test_an_upgrade_from_version_0_1_0_takes_its_live_access_along(
    bare: Stack, support_user: Account
) -> None:
    old = package.Package(UPGRADE / "stack-0.1.0.yaml", package.build().archive)
    clients = bare.ministack.cloudformation, bare.client("s3")
    deployment = Deployment(*clients, ARTIFACTS, NAME, 0.05)
    bare.outputs = deployment.deploy(old, bare._parameters)
    before = bare.ministack.physical_ids(NAME)
    record(bare, support_user, expires_in=-60)
    bare.deploy()
    after = bare.ministack.physical_ids(NAME)

    for kept in ("GrantsTable", "SecretsTable", "DataKey", "SiteBucket", "Site", "SenderIdentity"):
        assert after[kept] == before[kept]
    bare.sweep()
    assert not support_user.exists


def test_a_new_stack_takes_up_the_table_and_the_key_of_the_deleted_one(
    running: Stack,
    support_user: Account,
    said: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record(running, support_user, expires_in=3600)
    old = running.outputs
    with pytest.raises(DeployError, match="open, 1 of them"):
        said(destroy)
    type_in(monkeypatch, NAME)
    printed = said(destroy, "--abandon-open-access")

    assert running.ministack.cloudformation.list_stacks()["StackSummaries"][0]["StackStatus"] == (
        "DELETE_COMPLETE"
    )
    again = f"GrantsTableName={old['GrantsTableName']} DataKeyArn={old['DataKeyArn']}"
    assert again in printed
    words = ["--stack", NAME, "SenderEmail=help@vendor.com", "SupportEmail=help@vendor.com"]
    with pytest.raises(DeployError, match=again):
        deploy.main(words)

    words += [f"AllowedSites={support_user.wordpress.url}"]
    deploy.main([*words, *again.split()])
    running.outputs = Deployment(
        running.ministack.cloudformation, running.client("s3"), "", NAME, 0.05
    ).outputs()
    assert running.outputs["GrantsTableName"] == old["GrantsTableName"]
    assert support_user.username in said(grants, "list")
    grant_id = next(deployed.connect(_options()).open_ids())
    said(grants, "end", grant_id, "--no-wait")
    running.sweep()
    assert not support_user.exists


def _options() -> Any:  # noqa: ANN401  argparse's own type says nothing.
    return deployed.arguments("test", "").parse_args(["--stack", NAME])


def test_a_table_restored_from_a_backup_is_taken_up(
    running: Stack,
    support_user: Account,
    said: Callable[..., str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The runbook of docs/operating.md, step by step."""
    dynamodb, table = running.client("dynamodb"), running.outputs["GrantsTableName"]
    record(running, support_user, expires_in=-60)
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=table, TargetTableName="restored", UseLatestRestorableTime=True
    )
    dynamodb.get_waiter("table_exists").wait(TableName="restored")
    dynamodb.update_time_to_live(
        TableName="restored",
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "purge_at"},
    )
    dynamodb.update_continuous_backups(
        TableName="restored",
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    )
    dynamodb.update_table(TableName="restored", DeletionProtectionEnabled=True)
    shown = said(status)
    assert table in shown
    assert running.outputs["DataKeyArn"] in shown
    words = ["SenderEmail=help@vendor.com", "SupportEmail=help@vendor.com"]
    words += ["GrantsTableName=restored", f"DataKeyArn={running.outputs['DataKeyArn']}"]
    deploy.main(["--stack", NAME, *words])
    running.outputs["GrantsTableName"] = "restored"

    assert "! The table restored" not in capsys.readouterr().out
    running.sweep()
    assert not support_user.exists
    assert table in dynamodb.list_tables()["TableNames"], "what was dropped stays where it is"


def sweep_once_asked(running: Stack, grant_id: str) -> None:
    """Sweep as soon as the end of the grant was asked for, as the rule does within a minute."""
    table = GrantTable(running.client("dynamodb"), running.outputs["GrantsTableName"])

    def is_asked() -> bool:
        grant = table.get(grant_id)
        return grant is not None and grant.end_requested_at is not None

    assert wait_until(is_asked, seconds=60)
    running.sweep()


def test_the_operator_lists_shows_and_ends(
    running: Stack, support_user: Account, said: Callable[..., str]
) -> None:
    grant_id = record(running, support_user, expires_in=3600)

    assert support_user.username in said(grants, "list")
    shown = said(grants, "show", grant_id)
    assert "access_created" in shown
    exported = json.loads(said(grants, "export"))
    assert exported["id"] == grant_id
    sealed = running.client("dynamodb").get_item(
        TableName=running.outputs["GrantsTableName"], Key={"id": {"S": grant_id}}
    )["Item"]
    for secret in (
        base64.b64encode(sealed["sealed_removal"]["B"]).decode(),
        sealed["support_hash"]["S"],
        sealed["owner_hashes"]["L"][0]["S"],
        support_user.key,
    ):
        assert secret not in shown + json.dumps(exported)
    assert "open accesses" in said(status)
    assert "team's key" in said(status)
    with ThreadPoolExecutor() as pool:
        swept = pool.submit(sweep_once_asked, running, grant_id)
        ended = said(grants, "end", grant_id)  # It waits for a sweep.
    swept.result()
    assert "1/1" in ended
    assert not support_user.exists
    assert "No access is open." in said(grants, "list")


def test_all_are_ended_only_for_whoever_types_the_name_of_the_stack(
    running: Stack,
    support_user: Account,
    said: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record(running, support_user, expires_in=3600)
    type_in(monkeypatch, "yes")
    with pytest.raises(DeployError, match="nothing was ended"):
        said(grants, "end-all")
    assert support_user.exists

    type_in(monkeypatch, NAME)
    said(grants, "end-all", "--no-wait")
    running.sweep()
    assert not support_user.exists


def test_the_doctor_says_what_to_do(bare: Stack, said: Callable[..., str]) -> None:
    limits = bare.client("sesv2")
    limits.put_account_details(
        MailType="TRANSACTIONAL", WebsiteURL="https://vendor.com", ProductionAccessEnabled=False
    )
    with pytest.raises(SystemExit):
        said(doctor)
    found = said(doctor, "SenderEmail=help@vendor.com", "SupportEmail=help@vendor.com")
    assert "sandbox" in found
    assert "SES, which will send a link there" in " ".join(found.replace("│", "").split())
    assert "pass AlarmEmail=" in found


def clients_of(stack: Stack, role: str, policy_name: str, *services: str) -> list[Any]:
    """Return boto3 clients of a user who may do what *role* of the template may, and no more."""
    roles, like = stack.client("iam"), f"like-{policy_name}"
    name = stack.ministack.physical_ids(NAME)[role]
    policy = roles.get_role_policy(RoleName=name, PolicyName=policy_name)["PolicyDocument"]
    roles.create_user(UserName=like)
    roles.put_user_policy(UserName=like, PolicyName=policy_name, PolicyDocument=json.dumps(policy))
    key = roles.create_access_key(UserName=like)["AccessKey"]
    session = type(stack.ministack.session)(
        key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1"
    )
    make: Any = session.client
    return [make(service, endpoint_url=stack.ministack.endpoint_url) for service in services]


def test_a_worker_cannot_read_secrets_nor_any_role_use_the_key_for_anything_else(
    stack: Stack,
) -> None:
    dynamodb, kms = clients_of(stack, "EndDueRole", "end-due", "dynamodb", "kms")
    secret = {"id": {"S": "s"}, "ciphertext": {"B": b"sealed"}}
    table = stack.outputs["SecretsTableName"]
    stack.client("dynamodb").put_item(TableName=table, Item=secret)
    update = {
        "TableName": table,
        "Key": {"id": {"S": "s"}},
        "UpdateExpression": "SET seen = :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }

    dynamodb.update_item(**update, ReturnValues="NONE")
    for returned in ("ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"):
        with pytest.raises(dynamodb.exceptions.ClientError, match="AccessDenied"):
            dynamodb.update_item(**update, ReturnValues=returned)
    sealed = stack.client("kms").encrypt(
        KeyId=stack.outputs["DataKeyArn"],
        Plaintext=b"key",
        EncryptionContext={"grant_id": "g", "purpose": "removal"},
    )["CiphertextBlob"]
    right = {"grant_id": "g", "purpose": "removal"}
    assert kms.decrypt(CiphertextBlob=sealed, EncryptionContext=right)["Plaintext"] == b"key"
    for context in ({}, {"grant_id": "g", "purpose": "other"}, {**right, "more": "x"}):
        with pytest.raises(kms.exceptions.ClientError, match="AccessDenied"):
            kms.decrypt(CiphertextBlob=sealed, EncryptionContext=context)


def test_the_operators_role_runs_each_command_and_opens_nothing(
    running: Stack,
    support_user: Account,
    said: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grant_id = record(running, support_user, expires_in=3600)
    dynamodb, kms, queues = clients_of(
        running, "OperatorRole", "operator", "dynamodb", "kms", "sqs"
    )
    sealed = running.client("kms").encrypt(
        KeyId=running.outputs["DataKeyArn"],
        Plaintext=b"key",
        EncryptionContext={"grant_id": "g", "purpose": "removal"},
    )["CiphertextBlob"]
    running.client("sqs").send_message(
        QueueUrl=running.outputs["DeadLettersUrl"], MessageBody="no access"
    )
    key = running.client("iam").create_access_key(UserName="like-operator")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])

    assert "open accesses" in said(status)
    assert "names no access" in said(dead_letters)
    assert "are deleted" in said(dead_letters, "put-back")
    assert grant_id in said(grants, "list")
    assert grant_id in said(grants, "export")
    assert "access_created" in said(grants, "show", grant_id)
    said(grants, "end", grant_id, "--no-wait")
    with pytest.raises(kms.exceptions.ClientError, match="AccessDenied"):
        kms.decrypt(
            CiphertextBlob=sealed, EncryptionContext={"grant_id": "g", "purpose": "removal"}
        )
    with pytest.raises(dynamodb.exceptions.ClientError, match="AccessDenied"):
        said(tokens, "list")
    for table in ("SecretsTableName", "GrantsTableName"):
        with pytest.raises(dynamodb.exceptions.ClientError, match="AccessDenied"):
            dynamodb.scan(TableName=running.outputs[table])
    with pytest.raises(queues.exceptions.ClientError, match="AccessDenied"):
        queues.receive_message(QueueUrl=running.outputs["DueQueueUrl"])


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], list[str]]:
    """Return what `make status` says when the deployed config.json holds this."""

    def state(answer: object) -> list[str]:
        class Answer:
            def json(self) -> object:
                if isinstance(answer, Exception):
                    raise answer
                return answer

        monkeypatch.setattr(requests, "get", lambda *_, **__: Answer())
        return [f"{value} {style}" for _, value, style in status._team("https://help.example")]

    return state


def test_status_compares_what_browsers_get_with_the_sources(
    monkeypatch: pytest.MonkeyPatch, published: Callable[[object], list[str]]
) -> None:
    monkeypatch.setattr(pages, "team_keys", lambda: [KEY])

    (good,) = published({"team_keys": [KEY]})
    assert team_keys.fingerprint(KEY) in good
    assert status.BAD not in good
    for config in (
        {"team_keys": [OTHER_KEY]},
        {"team_keys": [OTHER_KEY, KEY]},
        {},
        {"team_keys": ["x"]},
    ):
        changed = published(config)
        assert team_keys.fingerprint(KEY) in changed[0], "what is expected"
        assert all(status.BAD in line for line in changed)
        assert "find out who did" in changed[1]
    assert team_keys.fingerprint(OTHER_KEY) in published({"team_keys": [OTHER_KEY]})[0]
    failures: list[object] = [[], requests.ConnectionError(), ValueError(), {"team_keys": 5}]
    for failure in failures:
        assert "cannot be read" in published(failure)[0]


def test_status_without_a_key_says_so(published: Callable[[object], list[str]]) -> None:
    assert "not sealed" in published({})[0]


def test_deploy_refuses_what_no_browser_can_seal_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "team_keys", lambda: [KEY, "A" * 87])

    with pytest.raises(DeployError, match=r"team_keys\.1"):
        deploy._keys()


def test_the_sweep_reads_no_more_of_a_grant_than_when_it_is_due_and_opens_nothing(
    stack: Stack,
) -> None:
    dynamodb, kms, mails = clients_of(stack, "SweepRole", "sweep", "dynamodb", "kms", "sesv2")
    table, denied = stack.outputs["GrantsTableName"], dynamodb.exceptions.ClientError

    def read(columns: str) -> object:
        asked = {"Keys": [{"id": {"S": "g"}}]}
        projection = {"ProjectionExpression": columns} if columns else {}
        return dynamodb.batch_get_item(RequestItems={table: {**asked, **projection}})

    def write(expression: str) -> object:
        return dynamodb.update_item(
            TableName=table,
            Key={"id": {"S": "g"}},
            UpdateExpression=expression,
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues="NONE",
        )

    read("id, due_at, host")
    for columns in ("", "id, sealed_removal", "owner_email", "support_hash"):
        with pytest.raises(denied, match="AccessDenied"):
            read(columns)
    for expression in ("SET lease_until = :one", "SET due_at = :one, sealed_removal = :one"):
        with pytest.raises(denied, match="AccessDenied"):
            write(expression)
    with pytest.raises(denied, match="AccessDenied"):
        dynamodb.get_item(TableName=table, Key={"id": {"S": "g"}})
    with pytest.raises(denied, match="AccessDenied"):
        kms.decrypt(CiphertextBlob=b"x", EncryptionContext={"grant_id": "g", "purpose": "removal"})
    with pytest.raises(denied, match="AccessDenied"):
        mails.send_email(
            FromEmailAddress="hallpass@example.com",
            Destination={"ToAddresses": ["owner@blog.example"]},
            Content={"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
        )
