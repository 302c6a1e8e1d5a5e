"""
The two forms of a mail, plain text and HTML, from one list of blocks.

The plain text is complete by itself: a button is its label and, on a line of its own, the whole
link. The HTML loads nothing: its styles are in it, and a logo is attached.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from chalicelib.notifications.brand import Brand, brand
from chalicelib.notifications.words import Words
from chalicelib.patterns import pattern
from chalicelib.values import dataclass

LOGO_ID = "logo"
# Light first, because some readers know no other; each class is what the dark scheme changes.
PAGE, CARD, INK, FAINT, LINE = "#f4f6f9", "#ffffff", "#1b2330", "#5a6577", "#d9dee6"
STYLE = (
    "@media (prefers-color-scheme:dark){"
    ".page{background:#101318!important}.card{background:#1a1e25!important}"
    ".ink{color:#eef1f5!important}.faint{color:#a5afbd!important}"
    ".line{border-color:#39414d!important}}"
)
FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
MONO = "font-family:ui-monospace,Menlo,Consolas,monospace"
REFERENCE = pattern(r"\bHP-[A-Z2-7]{8}\b")


@dataclass(frozen=True, slots=True)
class Text:
    """One paragraph. A faint one is an aside."""

    text: str
    is_faint: bool = False


@dataclass(frozen=True, slots=True)
class Steps:
    """What to do, one step after the other."""

    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Button:
    """The one thing to press: a link of ours."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Quoted:
    """Other people's words, which `quotation` has made into lines with a mark."""

    heading: str
    lines: tuple[str, ...]


Block = Text | Steps | Button | Quoted


def plain(blocks: Iterable[Block], footer: Sequence[str], words: Words) -> str:
    """Return the mail as plain text. What is quoted stands at the end of everything of ours."""
    ours = [block for block in blocks if not isinstance(block, Quoted)]
    parts = [_plain(block, words) for block in ours]
    parts.append("\n".join(footer))
    parts += [_plain(block, words) for block in blocks if isinstance(block, Quoted)]
    return "\n\n".join(part for part in parts if part) + "\n"


def html(
    title: str, blocks: Iterable[Block], footer: Sequence[str], team_name: str, words: Words
) -> str:
    """Return the mail as HTML: one card, with the team's name and logo above it."""
    style = brand()
    body = "".join(_html(block, style) for block in blocks)
    foot = "<br>".join(_linked(line) for line in footer)
    start = "right" if words.direction == "rtl" else "left"
    return (
        f'<!doctype html><html lang="{words.code}" dir="{words.direction}"><head>'
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="supported-color-schemes" content="light dark">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f'<body class="page" style="margin:0;background:{PAGE}">'
        '<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" '
        f'style="background:{PAGE}"><tr><td align="center" style="padding:24px 12px">'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" '
        f'style="max-width:560px;text-align:{start};{FONT};font-size:16px;line-height:1.5">'
        f'<tr><td style="padding:0 4px 16px">{_header(team_name, style)}</td></tr>'
        f'<tr><td class="card line ink" style="background:{CARD};color:{INK};'
        f"border:1px solid {LINE};border-radius:12px;padding:24px 24px 10px;"
        'overflow-wrap:anywhere">'
        f'<h1 class="ink" style="margin:0 0 12px;font-size:22px;line-height:1.3;color:{INK}">'
        f"{_shown(title)}</h1>{body}</td></tr>"
        f'<tr><td class="faint" style="padding:16px 4px 0;color:{FAINT};font-size:13px">'
        f"{foot}</td></tr></table></td></tr></table></body></html>"
    )


def _plain(block: Block, words: Words) -> str:
    match block:
        case Text(text):
            return text
        case Steps(steps):
            return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
        case Button(label, url):
            return f"{label}{words.say('button.colon')}\n{url}"
        case Quoted(heading, lines):
            return "\n".join([heading, *lines])


def _html(block: Block, style: Brand) -> str:
    match block:
        case Text(text, is_faint):
            name, colour = ("faint", FAINT) if is_faint else ("ink", INK)
            lines = _shown(text).replace("\n", "<br>")
            return f'<p class="{name}" style="margin:0 0 14px;color:{colour}">{lines}</p>'
        case Steps(steps):
            items = "".join(f'<li style="margin:0 0 6px">{_shown(step)}</li>' for step in steps)
            return (
                f'<ol class="ink" style="margin:0 0 14px;padding:0 22px;color:{INK}">{items}</ol>'
            )
        case Button(label, url):
            return (
                f'<p style="margin:20px 0"><a href="{escape(url)}" style="display:inline-block;'
                f"background:{style.colour};color:{style.text_colour};border-radius:8px;"
                f'padding:12px 22px;font-weight:600;text-decoration:none">{_shown(label)}</a></p>'
            )
        case Quoted(heading, lines):
            # A link in other people's words is not made into one that can be pressed.
            quoted = "<br>".join(escape(line) for line in lines)
            return (
                f'<p class="faint" style="margin:20px 0 6px;color:{FAINT}">{_shown(heading)}</p>'
                f'<blockquote class="line ink" style="margin:0 0 14px;padding:0 14px;color:{INK};'
                f"border-inline-start:3px solid {LINE};{MONO};font-size:14px;"
                f'overflow-wrap:anywhere">{quoted}</blockquote>'
            )


def _shown(text: str) -> str:
    """Return *text* as HTML, each reference in one line: a narrow screen would part its hyphen."""
    return REFERENCE.sub(r'<span style="white-space:nowrap">\g<0></span>', escape(text))


def _header(team_name: str, style: Brand) -> str:
    """Return the team's logo, or the letter that stands for it, and its name."""
    initial = next(iter(team_name.strip()), "").upper()
    mark = (
        f'<img src="cid:{LOGO_ID}" alt="" height="32" style="display:block;border:0">'
        if style.logo
        else '<div style="width:32px;height:32px;line-height:32px;border-radius:8px;'
        f"text-align:center;font-weight:600;background:{style.colour};"
        f'color:{style.text_colour}">{escape(initial)}</div>'
    )
    return (
        '<table role="presentation" cellpadding="0" cellspacing="0"><tr>'
        f"<td>{mark}</td>"
        f'<td class="ink" style="padding:0 10px;font-weight:600;color:{INK}">'
        f"{escape(team_name)}</td></tr></table>"
    )


def _linked(line: str) -> str:
    """Return a line of the footer; an address of ours alone on it becomes a link."""
    if not line.startswith(("https://", "http://")) or " " in line:
        return _shown(line)
    shown = escape(line)
    return f'<a class="faint" href="{shown}" style="color:{FAINT}">{shown}</a>'
