"""MiniStack lists the mails that SES took without reply addresses and headers; this adds them.

The mailbox page shows them, because a ticket that support cannot answer is worth little, and the
headers that keep the mails of one ticket together can be looked at.

Missing in MiniStack 1.5.33: the record that `services/ses_v2.py` `handle_request` makes for
`POST /v2/email/outbound-emails` has no `ReplyToAddresses` and none of the message's `Headers`, so
`_handle_ses_messages_request` in `app.py` cannot list them.
No longer needed once both do: `test_patches.py` then fails.
"""

from __future__ import annotations

import json
from http import HTTPStatus

Response = tuple[int, dict[str, str], bytes]


def apply() -> None:
    """Keep the reply addresses of each mail, and list them as its `ReplyTo`."""
    from ministack import app  # type: ignore[import-not-found]  # noqa: PLC0415
    from ministack.services import ses_v2  # type: ignore[import-not-found]  # noqa: PLC0415

    reply_to: dict[str, list[str]] = {}  # By the id of the mail.
    named: dict[str, dict[str, str]] = {}
    send = ses_v2.handle_request
    list_mails = app._handle_ses_messages_request  # noqa: SLF001  It has no public name.

    async def patched_send(
        method: str,
        path: str,
        headers: object,
        body: bytes,
        query: object,
    ) -> Response:
        answer: Response = await send(method, path, headers, body, query)
        status, _, sent = answer
        if method == "POST" and path.endswith("/outbound-emails") and status == HTTPStatus.OK:
            message_id, asked = json.loads(sent)["MessageId"], json.loads(body)
            reply_to[message_id] = asked.get("ReplyToAddresses", [])
            given = asked.get("Content", {}).get("Simple", {}).get("Headers", [])
            named[message_id] = {header["Name"]: header["Value"] for header in given}
        return answer

    async def patched_list_mails(
        method: str,
        path: str,
        headers: object,
        query: object,
    ) -> Response | None:
        answer: Response | None = await list_mails(method, path, headers, query)
        if answer is None:
            return None
        status, answer_headers, body = answer
        listed = json.loads(body)
        for mails in listed.get("messages", {}).values():
            for mail in mails:
                mail["ReplyTo"] = reply_to.get(mail["MessageId"], [])
                mail["Headers"] = named.get(mail["MessageId"], {})
        return status, answer_headers, json.dumps(listed).encode()

    ses_v2.handle_request = patched_send
    app._handle_ses_messages_request = patched_list_mails  # noqa: SLF001
