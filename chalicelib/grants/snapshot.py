"""What a site has at one moment, as far as WordPress shows it to an administrator's key."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

from chalicelib.values import dataclass

ADMINISTRATOR = "administrator"
# WordPress' own roles that may do more than read, and the one of its most common shop.
WRITING_ROLES = (ADMINISTRATOR, "editor", "author", "contributor", "shop_manager")
Reach = Literal["administrators", "roles", "everybody"]
# WordPress' own capabilities that allow more than reading. Stored snapshots hold the places of
# those that a user has, so new ones are appended.
CAPABILITIES = (
    *("edit_posts", "edit_pages", "upload_files", "moderate_comments", "manage_categories"),
    *("list_users", "edit_users", "create_users", "promote_users", "delete_users"),
    *("manage_options", "edit_theme_options", "switch_themes", "customize", "import", "export"),
    *("activate_plugins", "install_plugins", "edit_plugins", "edit_files", "unfiltered_html"),
    *("manage_woocommerce", "edit_products", "edit_shop_orders"),
    *("edit_themes", "install_themes", "update_themes", "delete_themes", "update_plugins"),
    *("delete_plugins", "update_core", "unfiltered_upload", "add_users", "remove_users"),
    *("publish_posts", "edit_others_posts", "edit_published_posts", "edit_private_posts"),
    *("delete_posts", "delete_others_posts", "delete_published_posts", "delete_private_posts"),
    *("publish_pages", "edit_others_pages", "edit_published_pages", "edit_private_pages"),
    *("delete_pages", "delete_others_pages", "delete_published_pages", "delete_private_pages"),
    *("manage_links", "edit_dashboard"),
)


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
    address itself, which is nothing for us to keep. `roles` is in the order of the site. `rights`
    is what `rights_of` returns, or None when the site does not tell.
    """

    id: int
    username: str
    registered: str
    keys: tuple[ApplicationPassword, ...] | None = None
    email_mark: str = ""
    roles: tuple[str, ...] = (ADMINISTRATOR,)
    rights: int | None = None

    @property
    def is_administrator(self) -> bool:
        """Whether the user has the role of an administrator."""
        return ADMINISTRATOR in self.roles

    def is_in(self, reach: Reach) -> bool:
        """Return whether a snapshot of *reach* lists this user."""
        if reach == "roles":
            return not set(WRITING_ROLES).isdisjoint(self.roles)
        return reach == "everybody" or self.is_administrator


def rights_of(names: Collection[str]) -> int:
    """Return which of `CAPABILITIES` are in *names*: a bit each, and one above that ends them."""
    bits = sum(1 << place for place, name in enumerate(CAPABILITIES) if name in names)
    return bits | 1 << len(CAPABILITIES)


def gained_rights(before: int, after: int) -> tuple[str, ...]:
    """Return what *after* has and *before* has not, of what both asked for."""
    known = min(before.bit_length(), after.bit_length()) - 1
    gained = after & ~before
    return tuple(name for place, name in enumerate(CAPABILITIES[:known]) if gained >> place & 1)


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


class SignInTrial(NamedTuple):
    """
    What came of signing in once.

    `is_let_in` is None where that does not show. `wordpress` and `php` are the versions that the
    sign-in page names, digits and dots, or "".
    """

    is_let_in: bool | None = None
    wordpress: str = ""
    php: str = ""
