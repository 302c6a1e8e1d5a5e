"""What a site has at one moment, as far as WordPress shows it to an administrator's key."""

from __future__ import annotations

from typing import Literal

from chalicelib.values import dataclass

ADMINISTRATOR = "administrator"
# WordPress' own roles that may do more than read, and the one of its most common shop.
WRITING_ROLES = (ADMINISTRATOR, "editor", "author", "contributor", "shop_manager")
Reach = Literal["administrators", "roles", "everybody"]


@dataclass(frozen=True, slots=True)
class ApplicationPassword:
    """An application password as WordPress lists it. `created` is ISO 8601 in UTC."""

    uuid: str
    name: str
    created: str


@dataclass(frozen=True, slots=True)
class SiteUser:
    """
    A user who may do more than read. `keys` is None when the site does not show them.

    `registered` is ISO 8601. `email_mark` is the same for the same e-mail address, and not the
    address itself, which is nothing for us to keep. `roles` is in the order of the site.
    """

    id: int
    username: str
    registered: str
    keys: tuple[ApplicationPassword, ...] | None = None
    email_mark: str = ""
    roles: tuple[str, ...] = (ADMINISTRATOR,)

    @property
    def is_administrator(self) -> bool:
        """Whether the user has the role of an administrator."""
        return ADMINISTRATOR in self.roles

    def is_in(self, reach: Reach) -> bool:
        """Return whether a snapshot of *reach* lists this user."""
        if reach == "roles":
            return not set(WRITING_ROLES).isdisjoint(self.roles)
        return reach == "everybody" or self.is_administrator


@dataclass(frozen=True, slots=True)
class Plugin:
    """An installed plugin; `file` is its name for WordPress, such as ``akismet/akismet``."""

    file: str
    name: str
    version: str
    status: str


@dataclass(frozen=True, slots=True)
class Theme:
    """An installed theme; `stylesheet` is its name for WordPress."""

    stylesheet: str
    name: str
    version: str
    status: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    What a visit may have changed, at one moment. A part that the site does not show is None.

    `reach` says which users `users` holds: all who may do more than read (``everybody``),
    those of WordPress' own such roles (``roles``), or administrators only.
    """

    users: tuple[SiteUser, ...] | None = None
    plugins: tuple[Plugin, ...] | None = None
    themes: tuple[Theme, ...] | None = None
    admin_email: str | None = None
    reach: Reach = "everybody"
