"""The mails that Hallpass sent in this run, as data and as a page.

SES delivers nothing in the emulated account; MiniStack lists what was sent instead, and
the front door serves it as `/_mail`.
"""

from __future__ import annotations

import html
import re
from typing import Any

LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")
CSP = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { margin: 2rem auto; max-width: 44rem; padding: 0 1rem }
article { border: 1px solid #8888; border-radius: .5rem; margin: 1rem 0; padding: 1rem }
h2 { font-size: 1.1rem; margin: 0 0 .25rem } p { margin: 0; opacity: .75 }
iframe { border: 0; height: 36rem; width: 100% } summary { cursor: pointer; margin-top: .5rem }
pre { font: inherit; overflow-wrap: anywhere; white-space: pre-wrap }
"""


def mails(answer: dict[str, Any]) -> list[dict[str, str]]:
    """
    Return the mails in MiniStack's *answer*, oldest first.

    Each has to, subject, text, html, from, reply_to, message_id, in_reply_to and references;
    several addresses are joined by commas.
    """
    sent = [mail for account in answer["messages"].values() for mail in account]
    return [
        {
            "to": ", ".join(mail["To"]),
            "subject": mail["Subject"],
            "text": mail["BodyText"],
            "from": mail["Source"],
            "reply_to": ", ".join(mail.get("ReplyTo", [])),
            "html": mail.get("BodyHtml") or "",
            "message_id": f"<{mail['MessageId']}>",
            "in_reply_to": mail.get("Headers", {}).get("In-Reply-To", ""),
            "references": mail.get("Headers", {}).get("References", ""),
        }
        for mail in sorted(sent, key=lambda mail: float(mail["Timestamp"]))
    ]


def page(listed: list[dict[str, str]]) -> str:
    """Return a page of the mails, newest first, whose links can be followed."""
    articles = "".join(_article(mail) for mail in reversed(listed)) or "<p>No mail yet.</p>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Mailbox</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><h1>Mailbox</h1>"
        f"<p>Every mail that Hallpass sent in this run, newest first.</p>{articles}</body></html>"
    )


def _article(mail: dict[str, str]) -> str:
    answer = f", answers to {html.escape(mail['reply_to'])}" if mail["reply_to"] else ""
    return (
        f"<article><h2>{html.escape(mail['subject'])}</h2>"
        f"<p>From {html.escape(mail['from'])} to {html.escape(mail['to'])}{answer}</p>"
        f"<pre>{_with_links(mail['text'])}</pre>{_as_html(mail)}</article>"
    )


def _as_html(mail: dict[str, str]) -> str:
    """Return the HTML form in a frame that runs no script; its links open new tabs."""
    if not mail["html"]:
        return ""
    return (
        "<details><summary>As HTML</summary>"
        '<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" title="The mail as HTML" '
        f'srcdoc="{html.escape(mail["html"])}"></iframe></details>'
    )


def _with_links(text: str) -> str:
    parts, end = [], 0
    for match in LINK.finditer(text):
        link = html.escape(match[0])
        parts += [html.escape(text[end : match.start()]), f'<a href="{link}">{link}</a>']
        end = match.end()
    return "".join([*parts, html.escape(text[end:])])
