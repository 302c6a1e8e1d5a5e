"""What AWS refuses or does not answer is one error of ours, which asks to try again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.aws.dynamodb import call_if
from chalicelib.aws.kms import KmsSealer
from chalicelib.errors import TryAgain

UNREACHED = EndpointConnectionError(endpoint_url="https://dynamodb.eu-central-1.amazonaws.com")


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "UpdateItem")


class FailingKms:
    """Answers every call with *error*."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def encrypt(self, **_: object) -> None:
        raise self._error

    def decrypt(self, **_: object) -> None:
        raise self._error


def failing(error: Exception) -> Callable[..., Any]:
    def call(**_: object) -> None:
        raise error

    return call


def test_a_condition_that_does_not_hold_is_no_error() -> None:
    assert call_if(failing(refusal("ConditionalCheckFailedException"))) is None


@pytest.mark.parametrize("error", [refusal("ThrottlingException"), UNREACHED])
def test_dynamodb_that_throttles_or_cannot_be_reached_means_try_again(error: Exception) -> None:
    with pytest.raises(TryAgain):
        call_if(failing(error))


@pytest.mark.parametrize("error", [refusal("KMSInternalException"), UNREACHED])
def test_kms_that_fails_or_cannot_be_reached_means_try_again(error: Exception) -> None:
    sealer = KmsSealer(FailingKms(error), "arn")  # type: ignore[arg-type]

    with pytest.raises(TryAgain):
        sealer.seal("secret", grant_id="g", purpose="removal")
    with pytest.raises(TryAgain):
        sealer.unseal(b"sealed", grant_id="g", purpose="removal")
