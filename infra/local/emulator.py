"""MiniStack's own server, which also keeps the Reply-To of a mail, and every line of a log.

SES takes a mail's reply addresses, and MiniStack forgets them; the mailbox page
shows them, because a ticket that support cannot answer is worth little.

What a function has written comes with its answer (`LogType: Tail`), and MiniStack
waits 50 ms for it. On a busy machine that is too short: the metrics of a sweep
then turn up in the log of the next one. Here the log is taken from where it is.

This runs inside `.venv-aws`, on the MiniStack that its requirements pin.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from ministack import app  # type: ignore[import-not-found]
from ministack.core.lambda_runtime import Worker  # type: ignore[import-not-found]
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


def _function_log() -> Any:  # noqa: ANN401  A class, in a file that is not on this path.
    place = Path(__file__).with_name("function_log.py")
    spec = importlib.util.spec_from_file_location("function_log", place)
    assert spec is not None  # noqa: S101  It stands beside this file.
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.FunctionLog


def keep_logs() -> None:
    """Take a function's log whole with each answer, instead of waiting a while for it."""
    log_type = _function_log()

    def follow(worker: Any) -> None:  # noqa: ANN401  MiniStack's thread for one process.
        log = log_type(worker._proc.stderr.fileno())  # noqa: SLF001
        worker._stderr_queue.put(log)  # noqa: SLF001  Each process has a new one.
        log.follow()

    def drain(worker: Any) -> str:  # noqa: ANN401
        log = worker._stderr_queue.get()  # noqa: SLF001  It waits for that thread to start.
        worker._stderr_queue.put(log)  # noqa: SLF001
        text: str = log.drain()
        return text

    Worker._read_stderr = follow  # noqa: SLF001
    Worker._drain_stderr = Worker._drain_stderr_bounded = drain  # noqa: SLF001


if __name__ == "__main__":
    keep_logs()
    ses_v2.handle_request = keep
    app._handle_ses_messages_request = list_mails  # noqa: SLF001
    app.main()
