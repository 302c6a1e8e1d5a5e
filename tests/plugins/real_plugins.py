"""
Plugins' own code on a real WordPress, from a folder that a developer names.

The folder holds one folder for each plugin, named as on wordpress.org. Nothing of it is in this
repository. `STATES` has the states of some of them that get in the way, and what happens then.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from infra.local.wordpress import WordPress
from tests.contract.sites import RealBlog

HEADER = re.compile(r"^[ \t/*#@]*(Plugin Name|Version):[ \t]*(.+?)\s*$", re.MULTILINE)
HEADER_CHARACTERS = 8192  # WordPress reads no more of a file.
# Many plugins exempt visitors from the machine of the site.
VISITOR = "$_SERVER['REMOTE_ADDR'] = '203.0.113.9';"
WORKS = ("", "active", True)
REST_BLOCKED = ("rest_blocked", "site_unsupported rest_blocked", None)


@dataclass(frozen=True)
class RealPlugin:
    """A plugin in *folder*; `file` is its main file."""

    folder: Path
    file: str
    version: str

    @property
    def slug(self) -> str:
        """Its name on wordpress.org."""
        return self.folder.name


@dataclass(frozen=True)
class State:
    """
    How a plugin is set up, and what happens then.

    `once` is PHP that runs once, as its settings page would; `always` PHP that runs with each
    request. `outcome` is the problem that the check names, "active" or why set-up was refused, and
    whether the sign-in page let support in; None where only the general rules are known.
    """

    name: str = "as installed"
    once: str = ""
    always: str = ""
    outcome: tuple[str, str, bool | None] | None = None


STATES: dict[str, tuple[State, ...]] = {
    "advanced-access-manager": (
        State(outcome=WORKS),
        State(
            "users closed to strangers",
            "$routes = AAM::api()->api_routes( 'visitor' ); $routes->deny( 'GET /wp/v2/users' );"
            "$routes->deny( 'GET /wp/v2/users/(?P<id>[\\\\d]+)' );",
            outcome=WORKS,
        ),
    ),
    "all-in-one-wp-security-and-firewall": (
        State(outcome=WORKS),
        State(
            "renamed sign-in",
            "$all = get_option( 'aio_wp_security_configs' ); "
            "$all['aiowps_enable_rename_login_page'] = '1'; "
            "$all['aiowps_login_page_slug'] = 'hidden-door'; "
            "update_option( 'aio_wp_security_configs', $all );",
            outcome=("hidden_login", "active", None),
        ),
        State(
            "REST closed",
            "$all = get_option( 'aio_wp_security_configs' ); "
            "$all['aiowps_disallow_unauthorized_rest_requests'] = '1'; "
            "update_option( 'aio_wp_security_configs', $all );",
            outcome=REST_BLOCKED,
        ),
    ),
    "basic-auth": (State(outcome=("", "consent_rejected checked_by_plugin", None)),),
    "better-wp-security": (
        State(outcome=WORKS),
        State(
            "hidden backend",
            "ITSEC_Modules::set_setting( 'hide-backend', 'enabled', true ); "
            "ITSEC_Modules::set_setting( 'hide-backend', 'slug', 'hidden-door' ); "
            "ITSEC_Storage::save();",
            outcome=("hidden_login", "active", None),
        ),
        State(
            "REST restricted",
            "ITSEC_Modules::set_setting( 'wordpress-tweaks', 'rest_api', 'restrict-access' ); "
            "ITSEC_Storage::save();",
            outcome=WORKS,
        ),
    ),
    "defender-security": (
        State(outcome=WORKS),
        State(
            "masked sign-in",
            "update_site_option( 'wd_masking_login_settings', wp_json_encode( array( 'enabled' => "
            "true, 'mask_url' => 'hidden-door', 'redirect_traffic' => 'off' ) ) );",
            outcome=("hidden_login", "active", None),
        ),
    ),
    "disable-json-api": (State(outcome=WORKS),),
    "hide-my-wp": (
        State(outcome=WORKS),
        State(
            "brute force protection with a sum",
            "HMWP_Classes_Tools::saveOptions( 'hmwp_bruteforce', 1 ); "
            "HMWP_Classes_Tools::saveOptions( 'brute_use_math', 1 );",
            outcome=("", "active", None),
        ),
        State(
            "hidden sign-in",
            "HMWP_Classes_Tools::saveOptions( 'hmwp_mode', 'lite' ); "
            "HMWP_Classes_Tools::saveOptions( 'hmwp_login_url', 'hidden-door' ); "
            "HMWP_Classes_Tools::saveOptions( 'hmwp_hide_wplogin', 1 ); "
            "HMWP_Classes_Tools::saveOptions( 'hmwp_hide_login', 1 );",
            outcome=("hidden_login", "active", None),
        ),
    ),
    "jonradio-private-site": (
        State(
            "private site",
            "$all = get_option( 'jr_ps_settings' ); $all['private_site'] = true; "
            "update_option( 'jr_ps_settings', $all );",
            outcome=WORKS,
        ),
    ),
    "jwt-authentication-for-wp-rest-api": (State(outcome=WORKS),),
    "limit-login-attempts-reloaded": (
        State(
            "one failure locks out",
            "update_option( 'limit_login_allowed_retries', 1 );",
            outcome=WORKS,
        ),
    ),
    "login-recaptcha": (
        State(
            "with keys",
            f"update_option( 'login_nocaptcha_key', '{'6' * 40}' ); "
            f"update_option( 'login_nocaptcha_secret', '{'7' * 40}' ); "
            "update_option( 'login_nocaptcha_working', true );",
            outcome=("", "active", None),
        ),
    ),
    "loginizer": (State(outcome=WORKS),),
    "members": (
        State(
            "private site",
            "update_option( 'members_settings', array( 'private_blog' => 1 ) );",
            outcome=WORKS,
        ),
    ),
    "new-user-approve": (State(outcome=("", "active", False)),),
    "paid-memberships-pro": (State(outcome=WORKS),),
    "password-protected": (
        State(
            "password for the site",
            "update_option( 'password_protected_status', 1 ); "
            "update_option( 'password_protected_password', md5( 'x' ) );",
            outcome=WORKS,
        ),
    ),
    "redirection": (
        State(
            "rule for strangers",
            "include_once WP_PLUGIN_DIR . '/redirection/redirection-admin.php'; "
            "include_once WP_PLUGIN_DIR . '/redirection/database/database.php'; "
            "Red_Database::get_latest_database()->install(); "
            "Red_Item::create( array( 'url' => '^/wp-json/wp/v2/users', 'regex' => true, "
            "'match_type' => 'login', 'action_type' => 'error', 'action_code' => 403, "
            "'group_id' => 1, 'action_data' => array() ) );",
            outcome=WORKS,
        ),
    ),
    "rename-wp-login": (State(outcome=("hidden_login", "active", None)),),
    "restricted-site-access": (
        State("only signed-in visitors", "update_option( 'blog_public', 2 );", outcome=WORKS),
    ),
    "simple-jwt-login": (
        State(outcome=WORKS),
        State(
            "protected endpoints",
            "$all = json_decode( get_option( 'simple_jwt_login_settings', '{}' ), true ) ?: "
            "array(); $all['protect_endpoints'] = array( 'enabled' => 1, 'default_action' => "
            "'protect_all' ); "
            "update_option( 'simple_jwt_login_settings', wp_json_encode( $all ) );",
            outcome=("rest_blocked", "active", True),
        ),
    ),
    "stop-user-enumeration": (State(outcome=WORKS),),
    "two-factor": (
        State(outcome=WORKS),
        State(
            "codes by e-mail for all",
            always="add_filter( 'two_factor_enabled_providers_for_user', fn() => "
            "array( 'Two_Factor_Email' ) );",
            outcome=("", "active", None),
        ),
    ),
    "ultimate-member": (State(outcome=WORKS),),
    "user-switching": (State(outcome=WORKS),),
    "wp-2fa": (
        State(
            "enforced for all",
            "$all = (array) get_option( 'wp_2fa_policy' ); $all['enforcement-policy'] = "
            "'all-users'; update_option( 'wp_2fa_policy', $all );",
            outcome=WORKS,
        ),
    ),
    "wp-force-login": (State(outcome=WORKS),),
    "wp-rest-api-authentication": (State(outcome=REST_BLOCKED),),
    "wp-simple-firewall": (State(outcome=("", "active", None)),),
    "wps-hide-login": (State(outcome=("hidden_login", "active", None)),),
}


def plugins_in(folder: Path) -> list[RealPlugin]:
    """Return the plugins in *folder*, by name."""
    found = []
    for each in sorted(path for path in folder.iterdir() if path.is_dir()):
        for file in sorted(each.glob("*.php")):
            head = dict(HEADER.findall(file.read_text(errors="replace")[:HEADER_CHARACTERS]))
            if "Plugin Name" in head:
                found.append(RealPlugin(each, file.name, head.get("Version", "")))
                break
    return found


def activate(plugin: RealPlugin, state: State, site: WordPress) -> None:
    """Install *plugin* on *site*, activate it, and bring it to *state*."""
    shutil.copytree(plugin.folder, _folder_on(site, plugin))
    must_use = site.dir / "wp-content/mu-plugins"
    once = must_use / "once.php"
    main = f"{plugin.slug}/{plugin.file}"
    once.write_text(
        "<?php add_action( 'init', function () { "
        "require_once ABSPATH . 'wp-admin/includes/plugin.php'; "
        f"$failed = activate_plugin( '{main}' ); file_put_contents( WP_CONTENT_DIR . '/active', "
        f"is_plugin_active( '{main}' ) ? 'yes' : $failed->get_error_message() ); }}, 0 );"
    )
    _visit(site)
    active = site.dir / "wp-content/active"
    assert active.exists(), (site.dir / "php.log").read_text()[-1000:]
    assert active.read_text() == "yes"
    if state.once:
        once.write_text(f"<?php add_action( 'init', function () {{ {state.once} }}, 1 );")
        _visit(site)
    once.unlink()
    (must_use / "always.php").write_text(f"<?php {VISITOR} {state.always}")


def remove(plugin: RealPlugin, site: WordPress) -> None:
    """Take *plugin* away, as its owner does who deletes its folder."""
    shutil.rmtree(_folder_on(site, plugin))
    (site.dir / "wp-content/mu-plugins/always.php").unlink()


def _folder_on(site: WordPress, plugin: RealPlugin) -> Path:
    return site.dir / "wp-content/plugins" / plugin.slug


def _visit(site: WordPress) -> None:
    RealBlog(site).outbound.call("GET", f"{site.url}/?feed=rss2", truncate=True)
