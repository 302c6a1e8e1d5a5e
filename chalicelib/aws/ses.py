"""
SES: sends mails. SES encodes texts and subject, joins the parts, makes the Message-ID.

A mail that SES refuses for a reason that is the deployment's own, such as a sender that is not
verified, is a metric and rings the operator. What the mail's reader or its text may cause is none,
for strangers write both.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from email.utils import formataddr, getaddresses
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws.metrics import emit_mail_refused
from chalicelib.errors import DeliveryFailed
from chalicelib.notifications.layout import LOGO_ID
from chalicelib.notifications.message import Mail, one_line
from chalicelib.patterns import pattern

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import (
        MessageHeaderTypeDef,
        MessageTypeDef,
        SendEmailRequestTypeDef,
    )

MAX_SUBJECT_CHARACTERS = 200  # Longer subjects are cut by readers anyway; RFC 5322 allows 998.
GRANT_TAG = "grant"
# What strangers can cause: an address or a text that SES does not take, and too many mails at once
# (those that stay unsent are due, and `OldestDueSeconds` grows).
OF_STRANGERS = {
    "BadRequestException",
    "LimitExceededException",
    "MessageRejected",
    "TooManyRequestsException",
}
# SES, "Email address is not verified": it lists each identity that is not, a reader's as well.
UNVERIFIED = pattern(r"failed the check in region [A-Za-z0-9-]+: (.+)", re.DOTALL)
log = logging.getLogger("hallpass")


class SesOutbox:
    """Sends from one verified identity (`notifications.message.Outbox`)."""

    def __init__(self, client: SESV2Client, sender: str, configuration_set: str = "") -> None:
        self._client, self._sender = client, sender
        self._configuration_set = configuration_set

    def send(self, mail: Mail) -> str:
        """Send *mail* and return its Message-ID; raise `DeliveryFailed` when SES refuses it."""
        request: SendEmailRequestTypeDef = {
            # A name that is not ASCII has to come encoded (RFC 2047), unlike the subject.
            "FromEmailAddress": formataddr((mail.sender, self._sender)),
            "Destination": {"ToAddresses": [mail.to]},
            "Content": {"Simple": _content(mail)},
        }
        if self._configuration_set:
            request["ConfigurationSetName"] = self._configuration_set
        if mail.grant_id:  # It comes back with a bounce.
            request["EmailTags"] = [{"Name": GRANT_TAG, "Value": mail.grant_id}]
        if mail.reply_to:
            request["ReplyToAddresses"] = [mail.reply_to]
        try:
            sent = self._client.send_email(**request)
        except (ClientError, BotoCoreError) as error:
            code = _code(error)
            log.warning("SES took no mail", extra={"aws": code, "grant_id": mail.grant_id})
            if code not in OF_STRANGERS or self._sender.casefold() in _unverified(error):
                emit_mail_refused()
            raise DeliveryFailed("The mail could not be sent. Please try again.") from error
        return self._message_id(sent["MessageId"])

    def _message_id(self, given: str) -> str:
        """Return the header that SES makes of the id that it answers with."""
        region = self._client.meta.region_name
        domain = "email" if region == "us-east-1" else region
        return f"<{given}>" if "@" in given else f"<{given}@{domain}.amazonses.com>"


def _code(error: ClientError | BotoCoreError) -> str:
    """Return the name of *error*: that of SES, or of botocore when SES did not answer."""
    if isinstance(error, ClientError):
        return str(error.response["Error"].get("Code", ""))
    return type(error).__name__


def _unverified(error: ClientError | BotoCoreError) -> set[str]:
    """Return the addresses, in small letters, that SES says are not verified."""
    if not isinstance(error, ClientError):
        return set()
    matched = UNVERIFIED.search(str(error.response["Error"].get("Message", "")))
    listed = getaddresses([matched[1]]) if matched else []
    return {address.casefold() for _, address in listed}


def _content(mail: Mail) -> MessageTypeDef:
    subject = one_line(mail.subject)[:MAX_SUBJECT_CHARACTERS]
    content: MessageTypeDef = {
        "Subject": {"Data": subject, "Charset": "UTF-8"},
        "Body": {"Text": {"Data": mail.text, "Charset": "UTF-8"}},
    }
    if mail.html:
        content["Body"]["Html"] = {"Data": mail.html, "Charset": "UTF-8"}
    headers = {"In-Reply-To": mail.in_reply_to, "References": " ".join(mail.references)}
    if mail.is_automatic:
        headers |= {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    named: list[MessageHeaderTypeDef] = [
        {"Name": name, "Value": value} for name, value in headers.items() if value
    ]
    if named:
        content["Headers"] = named
    if mail.logo:
        content["Attachments"] = [
            {
                "RawContent": mail.logo,
                "FileName": "logo.png",
                "ContentType": "image/png",
                "ContentDisposition": "INLINE",
                "ContentId": LOGO_ID,
            }
        ]
    return content


def bounced(detail: Mapping[str, Any]) -> tuple[str, list[str]]:
    """
    Return the id of the grant, "" for none, and the mailboxes, of an event about a mail.

    What may still arrive, such as a mail to a full mailbox, has none (SES: ``Transient``).
    """
    tags = detail["mail"].get("tags", {}).get(GRANT_TAG) or [""]
    bounce, complaint = detail.get("bounce", {}), detail.get("complaint", {})
    if bounce.get("bounceType") == "Transient":
        return "", []
    rows = bounce.get("bouncedRecipients", []) or complaint.get("complainedRecipients", [])
    return str(tags[0]), [str(row["emailAddress"]) for row in rows]
