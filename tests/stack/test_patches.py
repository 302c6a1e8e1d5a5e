"""What infra/local/patches adds to MiniStack is still missing in MiniStack.

Each test fails as soon as MiniStack does what a patch is for: then delete that patch, and its test.
"""

from __future__ import annotations

import base64
import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from infra.local.ministack import MiniStack
from infra.local.ports import wait_until

READER = "answers@vendor.example"
TEMPLATE = {
    "Resources": {
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "TimeToLiveSpecification": {"AttributeName": "purge_at", "Enabled": True},
            },
        },
        "Api": {
            "Type": "AWS::ApiGateway::RestApi",
            "Properties": {
                "Body": {
                    "swagger": "2.0",
                    "info": {"title": "an API", "version": "1"},
                    "paths": {},
                    "x-amazon-apigateway-gateway-responses": {
                        "DEFAULT_4XX": {"responseTemplates": {"application/json": READER}}
                    },
                }
            },
        },
    }
}
# It writes more lines than MiniStack takes from its queue in the time that it gives itself.
FUNCTION = r"""
import sys

def handler(event, context):
    sys.stderr.write("line\n" * 1_000_000 + "the last line\n")
    sys.stderr.flush()
"""


class Unpatched(MiniStack):
    """MiniStack as it is published."""

    program = ("-m", "ministack")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    with Unpatched(tmp_path_factory.mktemp("ministack")) as account:
        yield account


@pytest.fixture(scope="module")
def names(account: MiniStack) -> dict[str, str]:
    """The resources of a stack that asks for TTL and gateway responses."""
    cloudformation = account.cloudformation
    cloudformation.create_stack(StackName="missing", TemplateBody=json.dumps(TEMPLATE))
    waiter = cloudformation.get_waiter("stack_create_complete")
    waiter.wait(StackName="missing", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    return account.physical_ids("missing")


def unneeded(patch: str) -> str:
    return f"MiniStack does this itself now: delete infra/local/patches/{patch}.py and its use."


def test_a_table_has_no_time_to_live(account: MiniStack, names: dict[str, str]) -> None:
    found = account.client("dynamodb").describe_time_to_live(TableName=names["Table"])

    assert found["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED", unneeded(
        "time_to_live"
    )


def test_an_api_has_no_gateway_responses(account: MiniStack, names: dict[str, str]) -> None:
    found = account.client("apigateway").get_gateway_responses(restApiId=names["Api"])

    assert found["items"], "MiniStack lists the default ones"
    assert READER not in json.dumps(found["items"]), unneeded("gateway_responses")


def test_a_mail_has_no_reply_addresses(account: MiniStack) -> None:
    ses = account.client("sesv2")
    ses.create_email_identity(EmailIdentity="help@vendor.example")
    ses.send_email(
        FromEmailAddress="help@vendor.example",
        Destination={"ToAddresses": ["owner@blog.example"]},
        ReplyToAddresses=[READER],
        Content={
            "Simple": {
                "Subject": {"Data": "A mail"},
                "Body": {"Text": {"Data": "It was sent."}},
                "Headers": [{"Name": "References", "Value": "<root@vendor.example>"}],
            }
        },
    )

    listed = requests.get(f"{account.endpoint_url}/_ministack/ses/messages", timeout=30).text
    assert "It was sent." in listed
    assert READER not in listed, unneeded("reply_to")
    assert "<root@vendor.example>" not in listed, unneeded("reply_to")


def test_policies_see_no_encryption_context_nor_sender_nor_returned_values(
    account: MiniStack,
) -> None:
    users, kms = account.client("iam"), account.client("kms")
    asked = {
        "kms:Encrypt": {"kms:EncryptionContext:purpose": "removal"},
        "dynamodb:UpdateItem": {"dynamodb:ReturnValues": "NONE"},
        "dynamodb:BatchGetItem": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
        "ses:SendEmail": {"ses:FromAddress": "help@vendor.example"},
    }
    allowed = [
        {"Effect": "Allow", "Action": action, "Resource": "*", "Condition": {"StringEquals": keys}}
        for action, keys in asked.items()
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    users.create_user(UserName="limited")
    users.put_user_policy(UserName="limited", PolicyName="limited", PolicyDocument=document)
    made = users.create_access_key(UserName="limited")["AccessKey"]
    session = boto3.Session(made["AccessKeyId"], made["SecretAccessKey"], region_name="us-east-1")
    make: Any = session.client
    limited = {
        name: make(name, endpoint_url=account.endpoint_url) for name in ("kms", "dynamodb", "sesv2")
    }
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    mail = {"Simple": {"Subject": {"Data": "A mail"}, "Body": {"Text": {"Data": "It was sent."}}}}
    calls: list[Callable[[], object]] = [
        lambda: limited["kms"].encrypt(
            KeyId=key, Plaintext=b"x", EncryptionContext={"purpose": "removal"}
        ),
        lambda: limited["dynamodb"].update_item(
            TableName="any", Key={"id": {"S": "x"}}, ReturnValues="NONE"
        ),
        lambda: limited["dynamodb"].batch_get_item(
            RequestItems={"any": {"Keys": [{"id": {"S": "x"}}], "ProjectionExpression": "id"}}
        ),
        lambda: limited["sesv2"].send_email(
            FromEmailAddress="help@vendor.example",
            Destination={"ToAddresses": ["owner@blog.example"]},
            Content=mail,
        ),
    ]
    for call in calls:
        with pytest.raises(ClientError) as refused:
            call()
        assert "AccessDenied" in refused.value.response["Error"]["Code"], unneeded("condition_keys")


def test_a_right_to_send_a_message_is_none_to_send_some(account: MiniStack) -> None:
    users, queues = account.client("iam"), account.client("sqs")
    url = queues.create_queue(QueueName="some")["QueueUrl"]
    allowed = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    users.create_user(UserName="sender")
    users.put_user_policy(UserName="sender", PolicyName="send", PolicyDocument=document)
    made = users.create_access_key(UserName="sender")["AccessKey"]
    session = boto3.Session(made["AccessKeyId"], made["SecretAccessKey"], region_name="us-east-1")
    make: Any = session.client
    sender = make("sqs", endpoint_url=account.endpoint_url)
    sender.send_message(QueueUrl=url, MessageBody="one")

    with pytest.raises(ClientError) as refused:
        sender.send_message_batch(QueueUrl=url, Entries=[{"Id": "0", "MessageBody": "some"}])

    assert "AccessDenied" in refused.value.response["Error"]["Code"], unneeded("batch_actions")


def test_a_queue_whose_workers_a_parameter_counts_delivers_nothing(account: MiniStack) -> None:
    cloudformation, queues = account.cloudformation, account.client("sqs")
    functions = account.client("lambda")
    functions.create_function(
        FunctionName="taker",
        Runtime=f"python3.{sys.version_info.minor}",
        Role=role(account, "taker"),
        Handler="code.handler",
        Code={"ZipFile": zipped("code.py", "def handler(event, context): pass\n")},
    )
    source = {
        "FunctionName": "taker",
        "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
        "ScalingConfig": {"MaximumConcurrency": {"Ref": "Workers"}},
    }
    body = {
        "Parameters": {"Workers": {"Type": "Number", "Default": 2}},
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Source": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": source},
        },
    }
    cloudformation.create_stack(StackName="workers", TemplateBody=json.dumps(body))
    waiter = cloudformation.get_waiter("stack_create_complete")
    waiter.wait(StackName="workers", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    url = account.physical_ids("workers")["Queue"]
    queues.send_message(QueueUrl=url, MessageBody="x")

    log = account.directory / "ministack.log"
    assert wait_until(lambda: "ESM SQS poller error" in log.read_text(), seconds=10), unneeded(
        "queue_workers"
    )
    cloudformation.delete_stack(StackName="workers")


def test_the_end_of_a_long_log_does_not_come_with_the_answer(account: MiniStack) -> None:
    functions = account.client("lambda")
    functions.create_function(
        FunctionName="writer",
        Runtime=f"python3.{sys.version_info.minor}",
        Role=role(account),
        Handler="code.handler",
        Code={"ZipFile": zipped("code.py", FUNCTION)},
        Timeout=60,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName="writer")

    answer = functions.invoke(FunctionName="writer", LogType="Tail", Payload=b"{}")

    assert "FunctionError" not in answer, answer["Payload"].read()
    log = base64.b64decode(answer["LogResult"]).decode()
    assert "line" in log
    assert "the last line" not in log, unneeded("log_tail")


def test_two_processes_of_one_zip_have_a_directory_each(account: MiniStack) -> None:
    functions = account.client("lambda")
    code = zipped("code.py", "import os\ndef handler(*_): return os.stat(__file__).st_ino\n")
    found = set()
    for name in ("one", "another"):
        functions.create_function(
            FunctionName=name,
            Runtime=f"python3.{sys.version_info.minor}",
            Role=role(account, name),
            Handler="code.handler",
            Code={"ZipFile": code},
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
        answer = functions.invoke(FunctionName=name, Payload=b"{}")
        assert "FunctionError" not in answer
        found.add(answer["Payload"].read())

    assert len(found) == 2, unneeded("unpacked_once")


def role(account: MiniStack, name: str = "writer") -> str:
    trust: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = account.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
    arn: str = made["Role"]["Arn"]
    return arn


def zipped(name: str, text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, text)
    return packed.getvalue()
