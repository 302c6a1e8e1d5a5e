"""One contract for key sealing and mail: the fakes and the emulated AWS keep the same promises."""

from __future__ import annotations

import re

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from chalicelib.aws.grant_table import GrantTable
from chalicelib.aws.kms import KmsSealer
from chalicelib.aws.ses import SesOutbox
from chalicelib.errors import DeliveryFailed, TryAgain
from chalicelib.grants.ports import Sealer
from chalicelib.notifications.message import Mail, Outbox
from infra.local.stack import SENDER
from tests.fakes.services import FakeOutbox, FakeSealer


@pytest.fixture(params=["fake", "kms"])
def sealer(request: pytest.FixtureRequest) -> Sealer:
    if request.param == "fake":
        return FakeSealer()
    stack = request.getfixturevalue("stack")
    return KmsSealer(stack.client("kms"), stack.outputs["DataKeyArn"])


class TestSealer:
    def test_a_sealed_key_opens_for_the_same_grant_and_purpose(self, sealer: Sealer) -> None:
        sealed = sealer.seal("abcd EFGH ñ", grant_id="g1", purpose="removal")

        assert sealer.unseal(sealed, grant_id="g1", purpose="removal") == "abcd EFGH ñ"

    @pytest.mark.parametrize(("grant_id", "purpose"), [("g2", "removal"), ("g1", "consent")])
    def test_a_sealed_key_opens_for_no_other_grant_or_purpose(
        self, sealer: Sealer, grant_id: str, purpose: str
    ) -> None:
        sealed = sealer.seal("key", grant_id="g1", purpose="removal")

        with pytest.raises(TryAgain):
            sealer.unseal(sealed, grant_id=grant_id, purpose=purpose)  # type: ignore[arg-type]

    def test_sealed_bytes_do_not_contain_the_key(self, sealer: Sealer) -> None:
        sealed = sealer.seal("abcdEFGHijkl", grant_id="g1", purpose="removal")

        assert b"abcdEFGHijkl" not in sealed


MAIL = Mail(
    "olivia@blog.example",
    "Hilfe für “Blog”",
    "Zeile 1\nZeile 2 ✓\n",
    "bob@x.example",
    html="<p>Zeile 1</p>",
    sender="Müller & Söhne",
    in_reply_to="<1@ses.example>",
    references=("<root@acme.example>", "<1@ses.example>"),
    is_automatic=True,
    logo=b"PNG",
)


class TestOutbox:
    def test_the_fake_keeps_each_mail(self) -> None:
        outbox = FakeOutbox()
        outbox.send(MAIL)

        assert outbox.sent == [MAIL]

    @pytest.mark.parametrize("kind", ["fake", "ses"])
    def test_a_mail_that_is_not_accepted_raises(
        self, kind: str, request: pytest.FixtureRequest
    ) -> None:
        outbox: Outbox
        if kind == "fake":
            outbox = FakeOutbox()
            outbox.refusing = {MAIL.to}
        else:
            client = request.getfixturevalue("stack").client("sesv2")
            # Nothing listens there, as when SES is down.
            client.meta.events.register("before-sign.*", _nowhere)
            outbox = SesOutbox(client, SENDER)

        with pytest.raises(DeliveryFailed):
            outbox.send(MAIL)

    def test_ses_gets_every_part_and_a_subject_of_one_line(
        self, request: pytest.FixtureRequest
    ) -> None:
        client = request.getfixturevalue("stack").client("sesv2")
        sent: list[dict[str, object]] = []
        client.meta.events.register(
            "provide-client-params.sesv2.SendEmail", lambda params, **_: sent.append(params)
        )
        outbox = SesOutbox(client, SENDER)

        message_id = outbox.send(MAIL)
        outbox.send(Mail(MAIL.to, "two\r\nBcc: x@y.example\r\nlines", "text"))

        first, second = sent
        assert first["FromEmailAddress"] == f"=?utf-8?b?TcO8bGxlciAmIFPDtmhuZQ==?= <{SENDER}>"
        assert second["FromEmailAddress"] == SENDER
        assert first["Destination"] == {"ToAddresses": [MAIL.to]}
        assert first["ReplyToAddresses"] == [MAIL.reply_to]
        simple = first["Content"]["Simple"]  # type: ignore[index]
        assert simple["Subject"]["Data"] == MAIL.subject
        assert simple["Body"]["Text"]["Data"] == MAIL.text
        assert simple["Body"]["Html"]["Data"] == MAIL.html
        assert simple["Headers"] == [
            {"Name": "In-Reply-To", "Value": "<1@ses.example>"},
            {"Name": "References", "Value": "<root@acme.example> <1@ses.example>"},
            {"Name": "Auto-Submitted", "Value": "auto-generated"},
            {"Name": "X-Auto-Response-Suppress", "Value": "All"},
        ]
        (logo,) = simple["Attachments"]
        assert (logo["ContentId"], logo["ContentDisposition"]) == ("logo", "INLINE")
        assert set(second["Content"]["Simple"]) == {"Subject", "Body"}  # type: ignore[index]
        subject = second["Content"]["Simple"]["Subject"]["Data"]  # type: ignore[index]
        assert subject == "two Bcc: x@y.example lines"
        assert re.fullmatch(r"<[\w.-]+@[\w.-]+\.amazonses\.com>", message_id)

    @pytest.mark.parametrize(
        ("region", "domain"),
        [("us-east-1", "email.amazonses.com"), ("eu-west-1", "eu-west-1.amazonses.com")],
    )
    def test_the_message_id_is_the_header_that_ses_makes(self, region: str, domain: str) -> None:
        client = boto3.client(
            "sesv2", region_name=region, aws_access_key_id="x", aws_secret_access_key="x"
        )
        with Stubber(client) as stub:
            stub.add_response("send_email", {"MessageId": "0100-abc-000000"})

            assert SesOutbox(client, SENDER).send(MAIL) == f"<0100-abc-000000@{domain}>"


@pytest.mark.parametrize(
    "code",
    [
        *("ThrottlingException", "ProvisionedThroughputExceededException"),
        *("RequestLimitExceeded", "LimitExceededException", "TooManyRequestsException"),
        "InternalServerError",
    ],
)
def test_a_service_that_throttles_or_fails_raises_try_again(code: str) -> None:
    # The error that AWS sends, after the SDK's own tries are used up.
    account = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    once = Config(retries={"total_max_attempts": 1})
    dynamodb, kms, ses = (
        boto3.client(name, config=once, **account)  # type: ignore[call-overload]
        for name in ("dynamodb", "kms", "sesv2")
    )
    for client, call in ((dynamodb, "get_item"), (kms, "decrypt"), (ses, "send_email")):
        stubber = Stubber(client)
        stubber.add_client_error(call, code)
        stubber.activate()

    with pytest.raises(TryAgain):
        GrantTable(dynamodb, "grants").get("g" * 22)
    with pytest.raises(TryAgain):
        KmsSealer(kms, "key").unseal(b"sealed", grant_id="g", purpose="removal")
    with pytest.raises(DeliveryFailed):
        SesOutbox(ses, SENDER).send(MAIL)


def _nowhere(request: object, **_: object) -> None:
    request.url = "http://127.0.0.1:9/v2/email/outbound-emails"  # type: ignore[attr-defined]
