"""
What support has to know of a site before it works there: versions, and what may stand in its way.

All of it is what set-up has read anyway: the sign-in page, and the snapshot from before the support
user existed. It is the site's own word, so pages show it as text, and no mail holds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from chalicelib.grants.model import Grant
from chalicelib.grants.snapshot import Plugin, Snapshot
from chalicelib.grants.visit_report import read
from chalicelib.values import dataclass

Obstacle = Literal["second_factor", "hidden", "approval"]
# By the folder of the plugin, in the public directory of WordPress.
PLUGINS_IN_THE_WAY: dict[Obstacle, frozenset[str]] = {
    "second_factor": frozenset(
        {
            *("two-factor", "two-factor-authentication", "wp-2fa", "google-authenticator"),
            *("miniorange-2-factor-authentication", "wordfence", "wordfence-login-security"),
            *("better-wp-security", "really-simple-ssl", "wp-simple-firewall", "defender-security"),
            *("all-in-one-wp-security-and-firewall", "melapress-login-security", "duo-wordpress"),
        }
    ),
    "hidden": frozenset(
        {
            *("wps-hide-login", "hide-my-wp", "change-wp-admin-login", "rename-wp-login"),
            *("wp-hide-security-enhancer", "lws-hide-login", "hide-login-page", "sf-move-login"),
            *("better-wp-security", "all-in-one-wp-security-and-firewall", "defender-security"),
        }
    ),
    "approval": frozenset(
        {"new-user-approve", "wp-approve-user", "eonet-manual-user-approve", "ultimate-member"}
    ),
}
MAX_PLUGINS = 30
MAX_NAME_CHARACTERS = 40  # With this many plugins, the sealed details stay below 10,000 bytes.


@dataclass(frozen=True, slots=True)
class Environment:
    """
    What runs on a site; "" and empty where that is not known.

    `plugins` are the active ones, `more` is how many of these are left out. `obstacles` are what
    may keep support from signing in, each with the plugins that may be the reason.
    """

    wordpress: str = ""
    php: str = ""
    theme: str = ""
    plugins: tuple[str, ...] = ()
    more: int = 0
    obstacles: tuple[tuple[Obstacle, str], ...] = ()


def environment_of(grant: Grant) -> Environment:
    """Return what is known of the site of *grant*."""
    before = read(grant.visit.before) if grant.visit.before else Snapshot()
    active = [plugin for plugin in before.plugins or () if "inactive" not in plugin.status]
    theme = next((theme for theme in before.themes or () if theme.status == "active"), None)
    return Environment(
        wordpress=grant.on_site.wordpress,
        php=grant.on_site.php,
        theme=_named(theme.name, theme.version) if theme else "",
        plugins=tuple(_named(plugin.name, plugin.version) for plugin in active[:MAX_PLUGINS]),
        more=max(0, len(active) - MAX_PLUGINS),
        obstacles=tuple(_obstacles(active)),
    )


def _obstacles(active: list[Plugin]) -> Iterator[tuple[Obstacle, str]]:
    for obstacle, folders in PLUGINS_IN_THE_WAY.items():
        names = [_short(p.name) for p in active if p.file.partition("/")[0] in folders]
        if names:
            yield obstacle, ", ".join(names)


def _named(name: str, version: str) -> str:
    return f"{_short(name)} {version[:MAX_NAME_CHARACTERS]}".strip()


def _short(name: str) -> str:
    return name if len(name) <= MAX_NAME_CHARACTERS else f"{name[: MAX_NAME_CHARACTERS - 1]}…"
