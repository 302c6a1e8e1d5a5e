"""`make deploy`, against the emulated AWS."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from infra import adopted, cloudformation, deploy, package, pages, prerequisites
from infra.cloudformation import DeployError, Deployment
from infra.local.ministack import MiniStack

ARTIFACTS = "artifacts"


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MiniStack]:
    """An empty account, to which every AWS tool of this process goes."""
    with MiniStack(tmp_path) as account:
        account.client("s3").create_bucket(Bucket=ARTIFACTS)
        go_to(account, monkeypatch)
        yield account


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    """An empty account for all that is refused, and so leaves it empty for the next."""
    with MiniStack(tmp_path_factory.mktemp("account")) as account:
        account.client("s3").create_bucket(Bucket=ARTIFACTS)
        yield account


def go_to(account: MiniStack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in account.credentials.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(deploy, "POLL_SECONDS", 0.05)


def parameters(account: MiniStack) -> dict[str, str]:
    (stack,) = account.cloudformation.describe_stacks(StackName="hallpass")["Stacks"]
    return {p["ParameterKey"]: p["ParameterValue"] for p in stack["Parameters"]}


def outputs(account: MiniStack) -> dict[str, str]:
    (stack,) = account.cloudformation.describe_stacks(StackName="hallpass")["Stacks"]
    return {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}


FIRST = [
    "--artifacts",
    ARTIFACTS,
    "SenderEmail=help@vendor.com",
    "SupportEmail=tickets@vendor.com",
    "MaxDays=7",
]
AGAIN = ["--artifacts", ARTIFACTS]
CERTIFICATE = "arn:aws:acm:{}:000000000000:certificate/12345678-1234-1234-1234-123456789012"


def test_the_functions_learn_the_address_that_the_first_deployment_made(
    account: MiniStack, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.main(FIRST)

    address = outputs(account)["SiteUrl"]
    assert address.startswith("https://")
    assert parameters(account)["PublicUrl"] == address
    function = account.client("lambda").get_function_configuration(
        FunctionName=outputs(account)["APIHandlerName"]
    )
    assert function["Environment"]["Variables"]["PUBLIC_URL"] == address
    printed = capsys.readouterr().out
    assert f"{address}/" in printed
    assert "Tickets go to tickets@vendor.com" in printed
    assert "ALARMS GO NOWHERE" in printed
    assert "not sealed to the team" in printed
    assert "GrantsTable" in printed, "waiting shows what CloudFormation does"


def test_deploying_again_changes_nothing_that_was_not_asked_for(account: MiniStack) -> None:
    deploy.main(FIRST)
    first = parameters(account)
    deploy.main(AGAIN)
    assert parameters(account) == first

    deploy.main([*AGAIN, "AlarmEmail=ops@vendor.com"])
    assert parameters(account) == first | {"AlarmEmail": "ops@vendor.com"}


def test_the_pages_say_what_the_functions_know(account: MiniStack) -> None:
    deploy.main([*FIRST, "SupportName=Vendor Support"])
    bucket = outputs(account)["SiteBucketName"]
    body = account.client("s3").get_object(Bucket=bucket, Key="config.json")["Body"].read()

    config = json.loads(body)
    assert config["support_email"] == "tickets@vendor.com"
    assert config["support_name"] == "Vendor Support"
    assert config["max_days"] == 7
    assert (
        config["lifetimes"] == json.loads((pages.FRONTEND / "config.json").read_text())["lifetimes"]
    )


def test_an_interrupted_first_deployment_is_finished_by_the_next(
    account: MiniStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Deployment.deploy

    def interrupted(self: Deployment, *arguments: Any) -> None:  # noqa: ANN401
        whole(self, *arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Deployment, "deploy", interrupted)
        with pytest.raises(KeyboardInterrupt):
            deploy.main(FIRST)
    assert parameters(account)["PublicUrl"].endswith(".invalid")
    deploy.main(AGAIN)

    assert parameters(account)["PublicUrl"] == outputs(account)["SiteUrl"]
    assert parameters(account)["ProtectGrants"] == "yes"


def test_a_domain_that_comes_later_becomes_the_address(
    account: MiniStack, capsys: pytest.CaptureFixture[str]
) -> None:
    acm = account.client("acm")
    certificate = acm.request_certificate(DomainName="help.vendor.com")["CertificateArn"]
    deploy.main(FIRST)
    deploy.main([*AGAIN, "DomainName=help.vendor.com", f"CertificateArn={certificate}"])

    assert parameters(account)["PublicUrl"] == "https://help.vendor.com"
    record = f"help.vendor.com needs a CNAME record to {outputs(account)['EdgeDomainName']}"
    assert record in capsys.readouterr().out


def test_an_address_that_the_operator_chose_stays(account: MiniStack) -> None:
    deploy.main([*FIRST, "PublicUrl=https://proxy.vendor.com"])
    deploy.main(AGAIN)

    assert parameters(account)["PublicUrl"] == "https://proxy.vendor.com"


def test_a_sender_that_ses_knows_is_used_and_not_made(account: MiniStack) -> None:
    account.client("sesv2").create_email_identity(EmailIdentity="vendor.com")
    deploy.main(FIRST)

    assert parameters(account)["CreateSender"] == "no"
    assert "SenderIdentity" not in account.physical_ids("hallpass")


def test_a_sender_that_is_not_verified_is_said_before_anything_is_changed(
    account: MiniStack, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prerequisites, "mail_problems", lambda *_: ["It is not verified."])
    account.client("sesv2").create_email_identity(EmailIdentity="vendor.com")
    deploy.main([*FIRST, "--dry-run"])

    assert "! It is not verified." in capsys.readouterr().out
    assert account.cloudformation.list_stacks()["StackSummaries"] == []


def test_the_role_that_the_account_has_named_for_its_gateways_stays(account: MiniStack) -> None:
    role = "arn:aws:iam::000000000000:role/landing-zone"
    gateway = account.client("apigateway")
    change = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role}
    gateway.update_account(patchOperations=[change])
    deploy.main(FIRST)

    assert gateway.get_account()["cloudwatchRoleArn"] == role
    assert "ApiAccountRole" not in account.physical_ids("hallpass")


def test_the_bucket_for_packages_is_made_if_none_is_named(account: MiniStack) -> None:
    deploy.main(FIRST[2:])
    number = account.client("sts").get_caller_identity()["Account"]

    made = f"hallpass-artifacts-{number}-us-east-1"
    assert account.client("s3").list_objects_v2(Bucket=made)["KeyCount"] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["SenderEmail=help@vendor.com"], "Say where tickets go"),
        (["SenderEmail=help@vendor.com", "SupportEmail=help@acme.example"], "reaches no mailbox"),
        ([*FIRST, "SendrEmail=help@vendor.com"], "no parameter SendrEmail"),
        ([*FIRST, "RateLimits=lots"], "RateLimits='lots' does not fit"),
        ([*FIRST, "help@vendor.com"], "is no parameter"),
        (["--artifacts", "not-there-at-all", *FIRST[2:]], "There is no bucket not-there-at-all"),
        (["--artifacts", "Bad Bucket", *FIRST[2:]], "“Bad Bucket” cannot be the name of a bucket"),
        (["--stack", "no_stack", *FIRST], "cannot be the name of a stack"),
        ([*FIRST, "DomainName=help.vendor.com"], "needs a certificate of us-east-1"),
        (
            [*FIRST, "DomainName=a.com", f"CertificateArn={CERTIFICATE.format('eu-central-1')}"],
            "us-east-1",
        ),
        (
            [*FIRST, "DomainName=a.com", f"CertificateArn={CERTIFICATE.format('us-east-1')}"],
            "no certificate",
        ),
        ([*FIRST, "GrantsTableName=old"], "belong together"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_changed(
    untouched: MiniStack, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    go_to(untouched, monkeypatch)
    with pytest.raises(deploy.FAILURES, match=said):
        deploy.main(arguments)

    assert untouched.client("dynamodb").list_tables()["TableNames"] == []
    assert untouched.cloudformation.list_stacks()["StackSummaries"] == []


def test_a_bucket_of_another_region_is_named_as_such(account: MiniStack) -> None:
    make: Any = account.session.client
    elsewhere = make("s3", region_name="eu-central-1", endpoint_url=account.endpoint_url)
    elsewhere.create_bucket(
        Bucket="far-away", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )

    with pytest.raises(DeployError, match="far-away is in eu-central-1"):
        deploy.main(["--artifacts", "far-away", *FIRST[2:]])


def test_no_region_and_no_credentials_are_one_sentence_each(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    with pytest.raises(deploy.FAILURES) as no_region:
        deploy.main(FIRST)
    with pytest.raises(deploy.FAILURES) as no_credentials:
        deploy.main(["--region", "us-east-1", *FIRST])

    assert "Add --region" in prerequisites.explain(no_region.value)
    assert "aws configure" in prerequisites.explain(no_credentials.value)


def test_the_pages_are_in_the_bucket_and_what_left_the_sources_is_not(account: MiniStack) -> None:
    deploy.main(FIRST)
    bucket = outputs(account)["SiteBucketName"]
    s3 = account.client("s3")
    s3.put_object(Bucket=bucket, Key="js/left.js", Body=b"")
    deploy.main(AGAIN)

    keys = {item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert keys == set(pages.files())
    page = s3.head_object(Bucket=bucket, Key="open")
    assert page["ContentType"] == "text/html; charset=utf-8"
    assert page["CacheControl"] == "no-cache"


# A stack of one topic, and with a part that CloudFormation cannot make.
TOPIC = {"Topic": {"Type": "AWS::SNS::Topic"}}
IMPOSSIBLE = {
    "Impossible": {
        "Type": "AWS::ApiGateway::GatewayResponse",
        "Properties": {"RestApiId": "no-such-api", "ResponseType": "DEFAULT_4XX"},
    }
}


@pytest.fixture
def stack(account: MiniStack, tmp_path: Path) -> Callable[..., str]:
    """Deploy these resources; return the status of the stack."""
    s3 = account.client("s3")
    events: list[str] = []
    deployment = Deployment(
        account.cloudformation, s3, ARTIFACTS, "small", 0.05, progress=events.append
    )
    built = package.Package(tmp_path / "sam.yaml", tmp_path / "deployment.zip")
    built.archive.touch()

    def deploy_these(**resources: dict[str, Any]) -> str:
        built.template.write_text(json.dumps({"Resources": resources}))
        deployment.deploy(built, {})
        return deployment.status()

    return deploy_these


def test_a_stack_that_fails_names_the_part_and_the_reason(
    account: MiniStack, stack: Callable[..., str]
) -> None:
    stack(**TOPIC)

    with pytest.raises(DeployError) as raised:
        stack(**TOPIC, **IMPOSSIBLE)

    assert str(raised.value).startswith("The stack small ended in UPDATE_ROLLBACK_COMPLETE:\n")
    assert "  Impossible: " in str(raised.value)
    assert "Invalid API identifier" in str(raised.value)
    assert len(account.client("sns").list_topics()["Topics"]) == 1
    assert stack(**TOPIC) == "UPDATE_ROLLBACK_COMPLETE", "nothing was left to change"


def test_a_first_deployment_that_failed_does_not_stand_in_the_way(
    stack: Callable[..., str],
) -> None:
    with pytest.raises(DeployError, match=r"ended in ROLLBACK_COMPLETE:\n  Impossible: "):
        stack(**IMPOSSIBLE)

    assert stack(**TOPIC) == "CREATE_COMPLETE"


TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "DeletionPolicy": "Retain",
    "UpdateReplacePolicy": "Retain",
    "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    },
}


def test_a_first_deployment_that_failed_leaves_nothing(
    account: MiniStack, stack: Callable[..., str]
) -> None:
    later = {"Impossible": {**IMPOSSIBLE["Impossible"], "DependsOn": "GrantsTable"}}
    with pytest.raises(DeployError, match="ROLLBACK_COMPLETE"):
        stack(GrantsTable=TABLE, **later)

    assert account.client("dynamodb").list_tables()["TableNames"] == []


def test_a_table_is_replaced_or_dropped_only_by_name(
    account: MiniStack, stack: Callable[..., str], tmp_path: Path
) -> None:
    stack(GrantsTable=TABLE, **TOPIC)
    other: Any = json.loads(json.dumps(TABLE).replace('"id"', '"key"'))

    for change in ({"GrantsTable": other, **TOPIC}, TOPIC):
        with pytest.raises(DeployError, match="--replace GrantsTable"):
            stack(**change)
    (table,) = account.client("dynamodb").list_tables()["TableNames"]
    described = account.client("dynamodb").describe_table(TableName=table)["Table"]
    assert described["KeySchema"][0]["AttributeName"] == "id"

    s3 = account.client("s3")
    asked = Deployment(
        account.cloudformation, s3, ARTIFACTS, "small", 0.05, replace=("GrantsTable",)
    )
    asked.deploy(package.Package(tmp_path / "sam.yaml", tmp_path / "deployment.zip"), {})
    assert "GrantsTable" not in account.physical_ids("small")


def test_a_change_that_is_under_way_is_waited_for(
    account: MiniStack, stack: Callable[..., str]
) -> None:
    account.cloudformation.create_stack(
        StackName="small", TemplateBody=json.dumps({"Resources": TOPIC})
    )

    assert stack(**TOPIC, More={"Type": "AWS::SNS::Topic"}) == "UPDATE_COMPLETE"


def test_a_stack_that_is_not_done_in_time_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    session = boto3.Session("key", "secret", None, "us-east-1")
    cloudformation_client, s3 = session.client("cloudformation"), session.client("s3")
    monkeypatch.setattr(cloudformation, "MAX_WAIT_SECONDS", -1)
    deployment = Deployment(cloudformation_client, s3, ARTIFACTS, "slow", 0.01)
    described = {
        "StackName": "slow",
        "StackId": "arn:slow",
        "CreationTime": 0,
        "StackStatus": "UPDATE_IN_PROGRESS",
    }

    with Stubber(cloudformation_client) as aws:
        aws.add_response("describe_stack_events", {"StackEvents": []})
        aws.add_response("describe_stacks", {"Stacks": [described]})
        with pytest.raises(DeployError, match="slow is still UPDATE_IN_PROGRESS"):
            deployment._wait_for_end("arn:slow", "UPDATE")


@pytest.mark.parametrize("drops", ["before it is ready", "after"])
def test_a_deployment_that_another_has_overtaken_says_so(
    account: MiniStack, monkeypatch: pytest.MonkeyPatch, drops: str
) -> None:
    deploy.main(FIRST)
    name = {
        "before it is ready": "_change_set_is_ready",
        "after": "_refuse_replacements",
    }[drops]
    whole = getattr(Deployment, name)

    def overtaken(self: Deployment, change_set: str, *rest: Any) -> object:  # noqa: ANN401
        if drops == "before it is ready":
            self.cloudformation.delete_change_set(StackName=self.stack, ChangeSetName=change_set)
        answer: object = whole(self, change_set, *rest)
        if drops == "after":
            self.cloudformation.delete_change_set(StackName=self.stack, ChangeSetName=change_set)
        return answer

    monkeypatch.setattr(Deployment, name, overtaken)
    with pytest.raises(DeployError, match="begun at the same time"):
        deploy.main([*AGAIN, "MaxDays=8"])

    assert parameters(account)["MaxDays"] == "7"


def test_the_newest_of_several_tables_is_the_one_to_take_up(account: MiniStack) -> None:
    dynamodb = account.client("dynamodb")
    for name in ("hallpass-GrantsTable-B", "hallpass-GrantsTable-A", "hallpass-other"):
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        time.sleep(1.1)  # Times have whole seconds.

    with pytest.raises(DeployError, match=r"GrantsTableName=hallpass-GrantsTable-A .*Older.*-B\."):
        deploy.main(FIRST)


TIMES = {"due": "due_at", "overdue": "overdue_since"}


def grants_table(account: MiniStack, name: str, *indexes: str) -> None:
    """Make a table as a restored one is: without TTL, backups and protection."""
    texts, numbers = ["id"], []
    made: list[dict[str, Any]] = []
    for index in indexes:
        texts.append(f"{index}_shard")
        numbers.append(TIMES[index])
        keys = [(f"{index}_shard", "HASH"), (TIMES[index], "RANGE")]
        made.append(
            {
                "IndexName": index,
                "KeySchema": [{"AttributeName": n, "KeyType": kind} for n, kind in keys],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        )
    account.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            *({"AttributeName": n, "AttributeType": "S"} for n in texts),
            *({"AttributeName": n, "AttributeType": "N"} for n in numbers),
        ],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=made,
    )


def test_a_table_and_a_key_are_taken_up_only_if_they_work(
    account: MiniStack, capsys: pytest.CaptureFixture[str]
) -> None:
    kms, dynamodb = account.client("kms"), account.client("dynamodb")
    key, other = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    grants_table(account, "whole", "due", "overdue")
    grants_table(account, "bare", "due")
    grants_table(account, "of-another", "due", "overdue")
    arn = dynamodb.describe_table(TableName="of-another")["Table"]["TableArn"]
    tag = {"Key": adopted.KEY_TAG, "Value": other}
    dynamodb.tag_resource(ResourceArn=arn, Tags=[tag])

    def refused(table: str, key: str, why: str) -> None:
        with pytest.raises(DeployError, match=why):
            deploy.main([*FIRST, f"GrantsTableName={table}", f"DataKeyArn={key}"])
        assert account.cloudformation.list_stacks()["StackSummaries"] == []

    refused("nowhere", key, "There is no table nowhere")
    refused("bare", key, "index overdue")
    refused("of-another", key, "belongs to")
    refused("whole", key[:-4] + "0000", "There is no key")
    kms.disable_key(KeyId=key)
    refused("whole", key, "is Disabled")
    kms.enable_key(KeyId=key)
    capsys.readouterr()
    deploy.main([*FIRST, "GrantsTableName=whole", f"DataKeyArn={key}"])

    said = capsys.readouterr().out
    for missing in ("time to live", "point-in-time recovery", "deletion protection"):
        assert f"! The table whole has no {missing}" in said
