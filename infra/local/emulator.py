"""MiniStack's own server, which also keeps the Reply-To of a mail.

SES takes a mail's reply addresses, and MiniStack forgets them; the mailbox page
shows them, because a ticket that support cannot answer is worth little. This
runs inside `.venv-aws`, on the MiniStack that its requirements pin.
"""

from __future__ import annotations

import json
from typing import Any

from ministack import app  # type: ignore[import-not-found]
from ministack.services import ses_v2  # type: ignore[import-not-found]

reply_to: dict[str, list[str]] = {}
take = ses_v2.handle_request
show = app._handle_ses_messages_request  # noqa: SLF001  There is no other place to ask.


async def keep(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:  # noqa: ANN401
    """Hand a request to SES, and remember where answers to its mail go."""
    answer = await take(method, path, headers, body, query)
    if method == "POST" and path.endswith("/outbound-emails") and answer[0] == 200:  # noqa: PLR2004
        message = json.loads(answer[2])["MessageId"]
        reply_to[message] = json.loads(body).get("ReplyToAddresses", [])
    return answer


async def list_mails(method: str, path: str, headers: Any, query: Any) -> Any:  # noqa: ANN401
    """List the mails as MiniStack does, each with its Reply-To."""
    answer = await show(method, path, headers, query)
    if answer is None:
        return None
    status, answer_headers, body = answer
    listed = json.loads(body)
    for mails in listed.get("messages", {}).values():
        for mail in mails:
            mail["ReplyTo"] = reply_to.get(mail["MessageId"], [])
    return status, answer_headers, json.dumps(listed).encode()


if __name__ == "__main__":
    ses_v2.handle_request = keep
    app._handle_ses_messages_request = list_mails  # noqa: SLF001
    app.main()
