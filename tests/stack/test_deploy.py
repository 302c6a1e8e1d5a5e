"""`make deploy`, against the emulated AWS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra import deploy, pages
from infra.local.ministack import MiniStack

ARTIFACTS = "artifacts"


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MiniStack]:
    """An empty account, to which every AWS tool of this process goes."""
    with MiniStack(tmp_path) as account:
        account.client("s3").create_bucket(Bucket=ARTIFACTS)
        for name, value in account.credentials.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(deploy, "PAUSE_SECONDS", 0.05)
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
