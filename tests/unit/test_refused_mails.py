"""A mail that SES refuses for a reason of ours rings the operator; strangers cannot ring."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError

from chalicelib.aws.ses import SesOutbox
from chalicelib.errors import DeliveryFailed
from chalicelib.notifications.message import Mail

SENDER = "Hallpass@acme.example"
OWNER = "xhallpass@acme.example"
UNVERIFIED = (
    "Email address is not verified. The following identities failed the check in region EU-WEST-1: "
)


def refusal(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "SendEmail")


class RefusingSes:
    """The client of boto3 for an SES that takes no mail."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def send_email(self, **_: Any) -> None:  # noqa: ANN401
        raise self._error


def send(error: Exception) -> None:
    client: Any = RefusingSes(error)
    mail = Mail(OWNER, "subject", "text", sender="ACME, Inc.", grant_id="g" * 22)
    with pytest.raises(DeliveryFailed):
        SesOutbox(client, SENDER).send(mail)


@pytest.mark.parametrize(
    "error",
    [
        refusal("AccountSuspendedException"),
        refusal("SendingPausedException"),
        refusal("MailFromDomainNotVerifiedException"),
        refusal("NotFoundException", "Configuration set <x> does not exist."),
        refusal("AccessDeniedException"),
        refusal("InternalFailure"),
        refusal("MessageRejected", UNVERIFIED + SENDER.lower()),
        refusal("MessageRejected", f'{UNVERIFIED}{OWNER}, "ACME, Inc." <{SENDER}>'),
        ConnectTimeoutError(endpoint_url="https://email.example"),
    ],
    ids=lambda error: type(error).__name__ if isinstance(error, BotoCoreError) else str(error)[:60],
)
def test_a_refusal_that_is_the_deployments_own_is_a_metric(
    error: Exception, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    send(error)

    assert '"MailRefused":[1.0]' in capsys.readouterr().out
    (line,) = caplog.records
    assert vars(line)["aws"] in {
        getattr(error, "response", {}).get("Error", {}).get("Code"),
        type(error).__name__,
    }
    assert "acme" not in repr({k: v for k, v in vars(line).items() if k != "exc_info"})


@pytest.mark.parametrize(
    "error",
    [
        refusal("BadRequestException", "Local address contains control or whitespace"),
        refusal("MessageRejected", "Transaction failed: content"),
        # The sandbox: a reader is not verified, however much the address looks like the sender's.
        refusal("MessageRejected", UNVERIFIED + OWNER),
        refusal("MessageRejected", f'{UNVERIFIED}"{SENDER}" <{OWNER}>'),
        refusal("TooManyRequestsException", "Maximum sending rate exceeded."),
        refusal("LimitExceededException"),
    ],
    ids=lambda error: str(error)[:80],
)
def test_a_refusal_that_a_stranger_may_cause_is_none(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    send(error)

    assert "MailRefused" not in capsys.readouterr().out
