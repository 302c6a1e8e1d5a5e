"""SES: hands plain-text mails over. SES encodes every header itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import DeliveryFailed
from chalicelib.notifications.message import Mail, one_line

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import SendEmailRequestTypeDef

MAX_SUBJECT_CHARACTERS = 200  # Longer subjects are cut by readers anyway; RFC 5322 allows 998.


class SesOutbox:
    """Sends from one verified identity (`notifications.message.Outbox`)."""

    def __init__(self, client: SESV2Client, sender: str) -> None:
        self._client, self._sender = client, sender

    def send(self, mail: Mail) -> None:
        """Send *mail* as plain text; raise `DeliveryFailed` when SES does not accept it."""
        request: SendEmailRequestTypeDef = {
            "FromEmailAddress": self._sender,
            "Destination": {"ToAddresses": [mail.to]},
            "Content": {
                "Simple": {
                    "Subject": {
                        "Data": one_line(mail.subject)[:MAX_SUBJECT_CHARACTERS],
                        "Charset": "UTF-8",
                    },
                    "Body": {"Text": {"Data": mail.text, "Charset": "UTF-8"}},
                }
            },
        }
        if mail.reply_to:
            request["ReplyToAddresses"] = [mail.reply_to]
        try:
            self._client.send_email(**request)
        except (ClientError, BotoCoreError) as error:
            raise DeliveryFailed("The mail could not be sent. Please try again.") from error
