"""`make deploy`, against the emulated AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from infra import deploy, package, pages
from infra.local.ministack import MiniStack

ARTIFACTS = "artifacts"


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MiniStack]:
    """An empty account, to which every AWS tool of this process goes."""
    with MiniStack(tmp_path) as account:
        account.client("s3").create_bucket(Bucket=ARTIFACTS)
        for name, value in account.credentials.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(deploy, "POLL_SECONDS", 0.05)
        yield account


def parameters(account: MiniStack) -> dict[str, str]:
    (stack,) = account.cloudformation.describe_stacks(StackName="hallpass")["Stacks"]
    return {p["ParameterKey"]: p["ParameterValue"] for p in stack["Parameters"]}


def outputs(account: MiniStack) -> dict[str, str]:
    (stack,) = account.cloudformation.describe_stacks(StackName="hallpass")["Stacks"]
    return {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}


def test_the_functions_learn_the_address_that_the_first_deployment_made(
    account: MiniStack, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.main(["--artifacts", ARTIFACTS, "SenderEmail=help@vendor.example"])

    address = outputs(account)["SiteUrl"]
    assert address.startswith("https://")
    assert parameters(account)["PublicUrl"] == address
    function = account.client("lambda").get_function_configuration(
        FunctionName=outputs(account)["APIHandlerName"]
    )
    assert function["Environment"]["Variables"]["PUBLIC_URL"] == address
    assert f"{address}/" in capsys.readouterr().out


def test_deploying_again_keeps_what_is_not_said_again(account: MiniStack) -> None:
    deploy.main(["--artifacts", ARTIFACTS, "SenderEmail=help@vendor.example", "MaxDays=3"])
    first = parameters(account)
    deploy.main(["--artifacts", ARTIFACTS, "AlarmEmail=ops@vendor.example"])

    expected = first | pages.support_parameters() | {"AlarmEmail": "ops@vendor.example"}
    assert parameters(account) == expected


def test_the_pages_are_in_the_bucket_and_what_left_the_sources_is_not(account: MiniStack) -> None:
    deploy.main(["--artifacts", ARTIFACTS, "SenderEmail=help@vendor.example"])
    bucket = outputs(account)["SiteBucketName"]
    s3 = account.client("s3")
    s3.put_object(Bucket=bucket, Key="js/left.js", Body=b"")
    deploy.main(["--artifacts", ARTIFACTS])

    keys = {item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert keys == set(pages.files())
    page = s3.head_object(Bucket=bucket, Key="open")
    assert page["ContentType"] == "text/html; charset=utf-8"
    assert page["CacheControl"] == "no-cache"


def test_a_misspelt_parameter_is_named_and_changes_nothing(account: MiniStack) -> None:
    with pytest.raises(deploy.DeployError, match="no parameter SendrEmail"):
        deploy.main(["--artifacts", ARTIFACTS, "SendrEmail=help@vendor.example"])

    assert account.client("dynamodb").list_tables()["TableNames"] == []


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
    deployment = deploy.Deployment(account.cloudformation, s3, ARTIFACTS, "small", 0.05)
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

    with pytest.raises(deploy.DeployError) as raised:
        stack(**TOPIC, **IMPOSSIBLE)

    assert str(raised.value).startswith("The stack small ended in UPDATE_ROLLBACK_COMPLETE:\n")
    assert "  Impossible: " in str(raised.value)
    assert "Invalid API identifier" in str(raised.value)
    assert len(account.client("sns").list_topics()["Topics"]) == 1
    assert stack(**TOPIC) == "UPDATE_ROLLBACK_COMPLETE", "nothing was left to change"


def test_a_first_deployment_that_failed_does_not_stand_in_the_way(
    stack: Callable[..., str],
) -> None:
    with pytest.raises(deploy.DeployError, match=r"ended in ROLLBACK_COMPLETE:\n  Impossible: "):
        stack(**IMPOSSIBLE)

    assert stack(**TOPIC) == "CREATE_COMPLETE"


def test_a_stack_that_is_not_done_in_time_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    session = boto3.Session("key", "secret", None, "us-east-1")
    cloudformation, s3 = session.client("cloudformation"), session.client("s3")
    monkeypatch.setattr(deploy, "MAX_WAIT_SECONDS", 0.02)
    deployment = deploy.Deployment(cloudformation, s3, ARTIFACTS, "slow", 0.01)
    described = {"StackName": "slow", "CreationTime": 0, "StackStatus": "UPDATE_IN_PROGRESS"}

    with Stubber(cloudformation) as aws:
        aws.add_response("describe_stacks", {"Stacks": [described]})
        aws.add_response("describe_stacks", {"Stacks": [described]})
        aws.add_response("describe_stack_events", {"StackEvents": []})
        with pytest.raises(deploy.DeployError, match="slow is still UPDATE_IN_PROGRESS"):
            deployment._wait("stack_update_complete")
        aws.assert_no_pending_responses()
