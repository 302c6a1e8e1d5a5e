"""The adapter on real WordPress sites whose hosts, plugins and settings get in its way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest

from chalicelib.errors import (
    HallpassError,
    KeyRefused,
    SiteUnavailable,
    SiteUnsupported,
)
from chalicelib.grants.site import Account, Credentials, NewUser, Site
from chalicelib.outbound.client import Response
from infra.local.wordpress import WordPress as LocalWordPress
from tests.contract.sites import RealBlog, new_name

Expect = Callable[[str], AbstractContextManager[Any]]

# PHP for must-use plugins.
IN_REST = "strpos( $_SERVER['REQUEST_URI'], 'wp/v2' ) !== false"
IS_DELETE = "$_SERVER['REQUEST_METHOD'] === 'DELETE'"
IS_OVERRIDE = "isset( $_SERVER['HTTP_X_HTTP_METHOD_OVERRIDE'] )"
IS_PARAMETER = "isset( $_GET['_method'] )"
LOSE_OVERRIDE = "unset( $_SERVER['HTTP_X_HTTP_METHOD_OVERRIDE'] );"
FORBIDDEN_PAGE = "header( 'Content-Type: text/html', true, 403 ); exit( '<h1>403 Forbidden</h1>' );"


@pytest.fixture(scope="module")
def local() -> Iterator[LocalWordPress]:
    with LocalWordPress("7.1") as site:
        yield site


@pytest.fixture
def blog(local: LocalWordPress) -> Iterator[RealBlog]:
    """One real site; the plugin that a test installs is removed after the test."""
    yield RealBlog(local)
    local.mu("<?php")


@pytest.fixture
def start() -> Iterator[Callable[..., RealBlog]]:
    """Start a site of another kind."""
    with ExitStack() as running:

        def start(version: str = "7.1", **switches: Any) -> RealBlog:  # noqa: ANN401
            return RealBlog(running.enter_context(LocalWordPress(version, **switches)))

        yield start


def wanted() -> NewUser:
    name = new_name()
    return NewUser(name, f"{name}@example.test", f"pw-{name}", "Support")


def carry_one_access(blog: RealBlog) -> Site:
    """Carry one access from the typed address to its end, and check each promise on the way."""
    port, owner = blog.port, blog.consent()
    site = port.discover(blog.url)
    account = port.whoami(site, owner)
    key_id = port.key_id(site, owner)
    port.check_removable(site, owner, account)
    user = wanted()
    support = port.create_administrator(site, owner, user)
    assert port.create_administrator(site, owner, user) == support
    assert port.find_user(site, owner, user.username) == support
    removal = port.create_key(site, owner, support, "removal", holder_id=1)
    port.check_removable(site, removal, support)
    assert port.snapshot(site, removal).users
    port.delete_own_key(site, owner, key_id)
    title = blog.write(user.username)
    assert not port.is_missing(site, support.id)
    port.delete_self(site, removal, support, account.id)
    assert port.is_missing(site, support.id)
    assert blog.author(title) == account.id
    return site


def reason(call: Callable[..., object], *args: object) -> str:
    """Make *call*, which must fail, and return the reason."""
    with pytest.raises((SiteUnsupported, SiteUnavailable)) as raised:
        call(*args)
    return str(raised.value.details()["reason"])


def test_no_step_of_provisioning_sends_more_than_three_requests(
    blog: RealBlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A step gets at least 8 seconds and is repeated whole when they are over, so one of many
    # requests would never end on a slow site.
    port, owner, user = blog.port, blog.consent(), wanted()
    site = port.discover(blog.url)
    support = port.create_administrator(site, owner, user)
    methods: list[str] = []
    call: Callable[..., Response] = blog.outbound.call

    def counted(method: str, url: str, **options: Any) -> Response:  # noqa: ANN401
        methods.append(method)
        return call(method, url, **options)

    monkeypatch.setattr(blog.outbound, "call", counted)
    steps: list[Callable[[], object]] = [
        lambda: (port.whoami(site, owner), port.key_id(site, owner)),
        lambda: port.check_removable(site, owner, Account(1, "admin")),
        lambda: port.create_administrator(site, owner, user, may_exist=True),
        lambda: port.create_administrator(site, owner, wanted(), may_exist=True),
        lambda: port.create_key(site, owner, support, "removal", holder_id=1),
    ]
    for step in steps:
        methods.clear()
        step()
        assert 1 <= len(methods) <= 3
    key_id = port.key_id(site, owner)
    methods.clear()
    port.delete_own_key(site, owner, key_id)
    assert 1 <= len(methods) <= 3


class TestUnusualSites:
    def test_a_site_with_plain_permalinks_works(self, start: Callable[..., RealBlog]) -> None:
        blog = start(plain=True, no_rewrite=True)

        assert carry_one_access(blog).rest_root == f"{blog.url}/index.php?rest_route=/"

    def test_a_site_with_another_rest_prefix_works(self, start: Callable[..., RealBlog]) -> None:
        blog = start(rest_prefix="api")

        assert carry_one_access(blog).rest_root == f"{blog.url}/api/"

    def test_a_site_in_a_subdirectory_works(self, start: Callable[..., RealBlog]) -> None:
        blog = start(path="/blog")

        site = carry_one_access(blog)

        assert site.url == blog.url
        assert site.rest_root == f"{blog.url}/wp-json/"
        assert site.login_url == f"{blog.url}/wp-login.php"

    def test_a_production_site_over_tls_works(self, start: Callable[..., RealBlog]) -> None:
        blog = start(env="production", tls=True)
        secured = RealBlog(blog.site, authorities=str(blog.site.certificate))

        site = carry_one_access(secured)

        assert site.authorize_url == f"{blog.url}/wp-admin/authorize-application.php"

    def test_wordpress_in_a_directory_of_its_own_is_found_from_everywhere(
        self, blog: RealBlog
    ) -> None:
        blog.site.mu(
            "<?php add_filter( 'option_siteurl', fn( $url ) => 'http://' . $_SERVER['HTTP_HOST'] "
            ". '/wp', 99 );"
        )

        for address in (blog.url, f"{blog.url}/wp", f"{blog.url}/wp/wp-admin/"):
            site = blog.port.discover(address)

            assert site.url == blog.url
            assert site.rest_root == f"{blog.url}/wp-json/"
            assert site.login_url == f"{blog.url}/wp/wp-login.php"

    def test_the_support_user_sees_a_site_in_another_language_in_english(
        self, blog: RealBlog
    ) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        blog.site.mu("<?php add_filter( 'locale', fn() => 'de_DE' );")

        created = blog.port.create_administrator(site, key, wanted())

        owner, support = (
            blog.request("GET", f"users/{each}?context=edit") for each in (1, created.id)
        )
        assert (owner["locale"], support["locale"]) == ("de_DE", "en_US")
        assert support["name"] == "Support"

    def test_a_site_is_found_from_a_page_deep_inside(self, blog: RealBlog) -> None:
        assert blog.port.discover(f"{blog.url}/no/such-page/?a=b").url == blog.url

    def test_a_rest_api_that_no_page_names_is_found_at_its_usual_address(
        self, blog: RealBlog
    ) -> None:
        blog.site.mu(
            "<?php remove_action( 'template_redirect', 'rest_output_link_header', 11 );"
            "remove_action( 'wp_head', 'rest_output_link_wp_head', 10 );"
        )

        assert blog.port.discover(blog.url).rest_root == f"{blog.url}/wp-json/"

    def test_a_rest_api_that_no_page_names_is_found_with_plain_permalinks(
        self, start: Callable[..., RealBlog]
    ) -> None:
        blog = start(
            plain=True,
            no_rewrite=True,
            mu="<?php remove_action( 'template_redirect', 'rest_output_link_header', 11 );"
            "remove_action( 'wp_head', 'rest_output_link_wp_head', 10 );",
        )

        assert blog.port.discover(blog.url).rest_root == f"{blog.url}/?rest_route=/"

    @pytest.mark.parametrize(
        "removed",
        [
            "'template_redirect', 'rest_output_link_header', 11",
            "'wp_head', 'rest_output_link_wp_head'",
        ],
        ids=["html", "header"],
    )
    def test_a_link_in_the_html_or_in_the_header_alone_names_the_rest_api(
        self, start: Callable[..., RealBlog], removed: str
    ) -> None:
        blog = start(rest_prefix="api", mu=f"<?php remove_action( {removed} );")

        assert blog.port.discover(blog.url).rest_root == f"{blog.url}/api/"


class TestNoise:
    @pytest.mark.parametrize(
        "noise",
        [
            r'echo "\xEF\xBB\xBF";',
            r'echo "<br />\n<b>Warning</b>: Undefined key [0] in {x} on line <b>3</b><br />\n";',
            r'register_shutdown_function( function () { echo "\n<!-- cached [1] {} -->"; } );',
        ],
        ids=["byte order mark", "warning", "comment after"],
    )
    def test_output_around_the_json_does_no_harm(self, blog: RealBlog, noise: str) -> None:
        key = blog.consent()
        blog.site.mu(f"<?php if ( {IN_REST} ) {{ {noise} }}")
        site = blog.port.discover(blog.url)

        created = blog.port.create_administrator(site, key, wanted())
        removal = blog.port.create_key(site, key, created, "removal", holder_id=1)
        blog.port.delete_self(site, removal, created, 1)

        assert blog.port.is_missing(site, created.id)

    def test_a_response_that_is_cut_short_does_not_lose_the_user(self, blog: RealBlog) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        blog.site.mu(
            "<?php add_filter( 'rest_pre_echo_response', function ( $result ) {"
            "if ( $_SERVER['REQUEST_METHOD'] === 'POST' ) { echo '{\"id\": 12, \"userna'; exit; }"
            "return $result; } );"
        )
        user = wanted()

        created = blog.port.create_administrator(site, key, user)

        expected = (user.username, user.email, True)
        assert (created.username, created.email, created.is_administrator) == expected

    def test_an_empty_response_to_the_creation_is_read_by_its_location(
        self, blog: RealBlog
    ) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        blog.site.mu(
            "<?php add_filter( 'rest_pre_echo_response', function ( $result ) {"
            "if ( $_SERVER['REQUEST_METHOD'] === 'POST' ) { exit; } return $result; } );"
            "add_action( 'pre_get_users', fn( $query ) => $query->set( 'search', 'nobody' ) );"
        )
        user = wanted()

        assert blog.port.create_administrator(site, key, user).username == user.username


class TestKeysThatDoNotArrive:
    def test_a_stripped_authorization_header_gives_key_refused(
        self, start: Callable[..., RealBlog]
    ) -> None:
        blog = start(strip_auth=True)
        site = blog.port.discover(blog.url)
        key = Credentials(*blog.site.auth)

        assert site.authorize_url
        with pytest.raises(KeyRefused):
            blog.port.whoami(site, key)
        with pytest.raises(KeyRefused):
            blog.port.check_removable(site, key, Account(1, "admin"))
        with pytest.raises(KeyRefused):
            blog.port.create_administrator(site, key, wanted())

    def test_application_passwords_switched_off_later_give_key_refused(
        self, blog: RealBlog
    ) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        blog.site.mu(
            "<?php add_filter( 'wp_is_application_passwords_available', '__return_false' );"
        )

        with pytest.raises(KeyRefused):
            blog.port.whoami(site, key)
        assert reason(blog.port.key_id, site, key) == "app_passwords_off"

    def test_application_passwords_switched_off_for_the_holder_give_key_refused(
        self, blog: RealBlog
    ) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        blog.site.mu(
            "<?php add_filter( 'wp_is_application_passwords_available_for_user', "
            "'__return_false' );"
        )

        for call in (blog.port.whoami, blog.port.key_id):
            with pytest.raises(KeyRefused):
                call(site, key)

    def test_application_passwords_off_for_new_users_only_are_named(self, blog: RealBlog) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        created = blog.port.create_administrator(site, key, wanted())
        blog.site.mu(
            "<?php add_filter( 'wp_is_application_passwords_available_for_user', "
            "fn( $is, $user ) => $user->ID === 1, 10, 2 );"
        )

        assert (
            reason(lambda: blog.port.create_key(site, key, created, "removal", holder_id=1))
            == "app_passwords_off"
        )

    def test_a_user_name_outside_latin_1_signs_in(self, blog: RealBlog) -> None:
        user_id, name = blog.add_user()
        key = blog.consent(name)
        login = f"наталья{name}"
        blog.site.mu(
            "<?php add_action( 'init', function () { global $wpdb; $wpdb->update( $wpdb->users, "
            f"array( 'user_login' => '{login}' ), array( 'ID' => {user_id} ) ); "
            f"clean_user_cache( {user_id} ); }} );"
        )
        site = blog.port.discover(blog.url)

        account = blog.port.whoami(site, Credentials(login, key.password))

        assert (account.id, account.username) == (user_id, login)


class TestChecksBeforeConsent:
    def test_application_passwords_off_are_named_with_their_fix(self, blog: RealBlog) -> None:
        blog.site.mu(
            "<?php add_filter( 'wp_is_application_passwords_available', '__return_false' );"
        )

        assert reason(blog.port.discover, blog.url) == "app_passwords_off"
        check = blog.port.check(blog.url)
        assert check.site is not None
        assert check.consent_url is None
        assert check.problem is not None
        assert check.problem.code == "app_passwords_off"
        assert "Wordfence" in check.problem.fix

    def test_a_production_site_without_https_has_application_passwords_off(
        self, start: Callable[..., RealBlog]
    ) -> None:
        blog = start(env="production")

        assert reason(blog.port.discover, blog.url) == "app_passwords_off"

    def test_a_rest_api_closed_to_all_is_refused(self, blog: RealBlog) -> None:
        blog.site.mu(
            "<?php add_filter( 'rest_authentication_errors', fn() => new WP_Error( "
            "'rest_disabled', 'Disabled.', array( 'status' => rest_authorization_required_code() "
            ") ) );"
        )

        assert reason(blog.port.discover, blog.url) == "rest_blocked"
        problem = blog.port.check(blog.url).problem
        assert problem is not None
        assert problem.code == "rest_blocked"

    def test_a_rest_api_closed_after_consent_is_named(self, blog: RealBlog) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        blog.site.mu(
            "<?php add_filter( 'rest_authentication_errors', fn() => new WP_Error( "
            "'rest_disabled', 'Disabled.', array( 'status' => rest_authorization_required_code() "
            ") ) );"
        )

        assert reason(blog.port.whoami, site, key) == "rest_blocked"

    def test_a_rest_api_open_to_signed_in_users_only_is_enough(self, blog: RealBlog) -> None:
        blog.site.mu(
            "<?php add_filter( 'rest_authentication_errors', fn( $result ) => $result ?: ( "
            "is_user_logged_in() ? $result : new WP_Error( 'rest_login_required', 'Members only.',"
            " array( 'status' => 401 ) ) ) );"
        )
        key = blog.consent()

        site = blog.port.discover(blog.url)

        assert site.authorize_url == f"{blog.url}/wp-admin/authorize-application.php"
        assert blog.port.check(blog.url).consent_url == site.authorize_url
        assert blog.port.whoami(site, key).username == "admin"
        # Such a site shows a stranger nothing, so its response proves nothing.
        assert not blog.port.is_missing(site, 999_999)

    def test_a_site_without_the_users_route_is_named(self, blog: RealBlog) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        blog.site.mu(
            "<?php add_filter( 'rest_endpoints', function ( $all ) { foreach ( array_keys( $all ) "
            "as $route ) { if ( strpos( $route, '/wp/v2/users' ) === 0 ) { unset( $all[ $route ] "
            "); } } return $all; } );"
        )

        assert reason(blog.port.whoami, site, key) == "rest_blocked"
        assert reason(blog.port.create_administrator, site, key, wanted()) == "rest_blocked"
        assert not blog.port.is_missing(site, 999_999)

    def test_a_site_with_no_more_of_the_users_route_than_me_is_named(self, blog: RealBlog) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        blog.site.mu(
            "<?php add_filter( 'rest_endpoints', function ( $all ) { unset( $all['/wp/v2/users'], "
            "$all['/wp/v2/users/(?P<id>[\\\\d]+)'] ); return $all; } );"
        )

        assert blog.port.whoami(site, key).username == "admin"
        assert reason(blog.port.create_administrator, site, key, wanted()) == "rest_blocked"
        assert reason(blog.port.find_user, site, key, "admin") == "rest_blocked"

    def test_a_hidden_login_gives_a_hint_and_keeps_the_approval_page(self, blog: RealBlog) -> None:
        blog.site.mu(
            "<?php add_action( 'init', function () { if ( strpos( $_SERVER['REQUEST_URI'], "
            "'/wp-admin/' ) === 0 && ! is_user_logged_in() ) { wp_redirect( home_url( '/404' ) ); "
            "exit; } } );"
        )

        check = blog.port.check(blog.url)

        assert check.consent_url == f"{blog.url}/wp-admin/authorize-application.php"
        assert check.problem is not None
        assert check.problem.code == "hidden_login"
        assert "sign in to your site first" in check.problem.fix.lower()


class TestNetworks:
    def test_a_super_administrator_is_refused_before_anything_is_created(
        self, start: Callable[..., RealBlog]
    ) -> None:
        blog = start(multisite=True)
        key = Credentials(*blog.site.auth)
        site = blog.port.discover(blog.url)
        account = blog.port.whoami(site, key)

        assert reason(blog.port.check_removable, site, key, account) == "multisite"
        assert blog.port.whoami(site, key) == account

    def test_a_site_administrator_who_could_create_but_not_delete_is_refused(
        self, start: Callable[..., RealBlog]
    ) -> None:
        blog = start(
            multisite=True,
            mu="<?php add_filter( 'site_option_add_new_users', '__return_true' );",
        )
        user_id, name = blog.add_user()
        key = blog.consent(name)
        site = blog.port.discover(blog.url)
        account = blog.port.whoami(site, key)

        assert (account.id, account.is_administrator) == (user_id, True)
        assert reason(blog.port.check_removable, site, key, account) == "cannot_remove"

    def test_an_account_that_cannot_be_deleted_is_named_as_multisite(
        self, start: Callable[..., RealBlog]
    ) -> None:
        blog = start(multisite=True)
        key = Credentials(*blog.site.auth)
        site = blog.port.discover(blog.url)
        user = wanted()
        created = blog.port.create_administrator(site, key, user)

        assert blog.port.create_administrator(site, key, user) == created
        assert reason(blog.port.delete_user, site, key, created, 1) == "multisite"


class TestRefusals:
    @pytest.mark.parametrize(
        "veto",
        [
            "add_filter( 'rest_pre_insert_user', fn() => new WP_Error( 'no', 'No.' ) );",
            "add_filter( 'wp_pre_insert_user_data', '__return_empty_array' );",
            "add_filter( 'illegal_user_logins', fn() => array( SENT['username'] ?? '' ) );",
            "add_filter( 'rest_pre_dispatch', fn() => SENT ? new WP_Error( 'no', 'No.' ) : null );",
        ],
        ids=["before insert", "no data", "illegal name", "before dispatch"],
    )
    def test_a_refused_creation_is_named_and_leaves_no_user(
        self, blog: RealBlog, veto: str
    ) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        user = wanted()
        blog.site.mu(
            "<?php define( 'SENT', json_decode( file_get_contents( 'php://input' ), true ) );"
            f"{veto}"
        )

        assert reason(blog.port.create_administrator, site, key, user) == "creation_refused"
        blog.site.mu("<?php")
        assert blog.port.find_user(site, key, user.username) is None

    @pytest.mark.parametrize(
        "change",
        [
            "add_action( 'rest_after_insert_user', fn( $who ) => $who->set_role( 'author' ) );",
            "add_filter( 'pre_user_login', fn( $login ) => $login . 'x' );",
        ],
        ids=["role", "login"],
    )
    def test_a_user_created_with_another_role_or_login_is_deleted_again(
        self, blog: RealBlog, change: str
    ) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        user = wanted()
        blog.site.mu(f"<?php {change}")

        assert reason(blog.port.create_administrator, site, key, user) == "creation_refused"
        blog.site.mu("<?php")
        assert blog.port.find_user(site, key, user.username) is None
        assert blog.port.find_user(site, key, f"{user.username}x") is None

    def test_another_user_in_the_response_to_a_creation_is_not_touched(
        self, blog: RealBlog
    ) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        other_id, other = blog.add_user()
        blog.site.mu(
            "<?php add_filter( 'rest_pre_echo_response', function ( $all ) { if ( "
            f"$_SERVER['REQUEST_METHOD'] === 'POST' ) {{ $all['id'] = {other_id}; "
            f"$all['username'] = '{other}'; $all['email'] = '{other}@example.test'; }} "
            "return $all; } );"
        )

        assert reason(blog.port.create_administrator, site, key, wanted()) == "creation_refused"
        blog.site.mu("<?php")
        assert blog.port.find_user(site, key, other) is not None

    def test_a_deletion_that_a_plugin_refuses_is_named(self, blog: RealBlog) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        created = blog.port.create_administrator(site, key, wanted())
        removal = blog.port.create_key(site, key, created, "removal", holder_id=1)
        blog.site.mu(
            "<?php add_filter( 'map_meta_cap', fn( $caps, $cap ) => $cap === 'delete_user' ? "
            "array( 'do_not_allow' ) : $caps, 10, 2 );"
        )

        account = blog.port.whoami(site, key)
        assert reason(blog.port.check_removable, site, key, account) == "cannot_remove"
        assert reason(blog.port.check_removable, site, removal, created) == "cannot_remove"
        assert reason(blog.port.delete_self, site, removal, created, 1) == "cannot_remove"
        assert not blog.port.is_missing(site, created.id)

    def test_the_last_administrator_is_not_deleted_and_the_reason_is_named(
        self, blog: RealBlog
    ) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        created = blog.port.create_administrator(site, key, wanted())
        removal = blog.port.create_key(site, key, created, "removal", holder_id=1)
        blog.site.mu(
            "<?php add_action( 'pre_get_users', fn( $query ) => $query->set( 'include', array( "
            f"{created.id} ) ) );"
        )

        assert reason(blog.port.delete_self, site, removal, created, 999_999) == "cannot_remove"
        assert not blog.port.is_missing(site, created.id)


class TestBlockedMethods:
    @pytest.mark.parametrize(
        "block",
        [
            f"if ( {IS_DELETE} ) {{ {FORBIDDEN_PAGE} }}",
            f"if ( {IS_DELETE} ) {{ http_response_code( 405 ); exit; }}",
            f"if ( {IS_DELETE} ) {{ exit( '<html>Welcome</html>' ); }}",
            f"if ( {IS_DELETE} || {IS_OVERRIDE} ) {{ {FORBIDDEN_PAGE} }}",
            f"if ( {IS_DELETE} ) {{ {FORBIDDEN_PAGE} }} {LOSE_OVERRIDE}",
            f"if ( {IS_DELETE} || {IS_PARAMETER} ) {{ {FORBIDDEN_PAGE} }}",
        ],
        ids=["403", "405", "200", "override 403", "override lost", "parameter 403"],
    )
    def test_a_blocked_delete_goes_out_as_an_override(self, blog: RealBlog, block: str) -> None:
        blog.site.mu(f"<?php {block}")

        carry_one_access(blog)

    @pytest.mark.parametrize("status", [301, 302, 308, 409, 410, 411, 418, 429, 500, 502, 503, 504])
    def test_whatever_answers_a_delete_in_place_of_wordpress_is_got_around(
        self, blog: RealBlog, status: int
    ) -> None:
        answer = f"header( 'Location: /', true, {status} ); exit( '<html>No.</html>' );"
        blog.site.mu(f"<?php if ( {IS_DELETE} ) {{ {answer} }}")

        carry_one_access(blog)

    def test_a_delete_that_is_cut_off_is_got_around(self, blog: RealBlog) -> None:
        blog.site.mu(
            f"<?php if ( {IS_DELETE} || {IS_OVERRIDE} ) {{ header( 'Content-Length: 900' ); "
            "exit( '<html>' ); }"
        )

        carry_one_access(blog)

    def test_when_every_way_is_blocked_the_firewall_is_named_and_nothing_is_deleted(
        self, blog: RealBlog
    ) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        created = blog.port.create_administrator(site, key, wanted())
        blog.site.mu(
            f"<?php if ( {IS_DELETE} || {IS_OVERRIDE} || {IS_PARAMETER} ) {{ {FORBIDDEN_PAGE} }}"
        )

        account = blog.port.whoami(site, key)
        assert reason(blog.port.check_removable, site, key, account) == "firewall"
        assert reason(blog.port.delete_user, site, key, created, 1) == "firewall"
        assert not blog.port.is_missing(site, created.id)


class TestTroubles:
    def test_maintenance_is_named_by_every_call(self, blog: RealBlog) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        blog.site.mu(
            "<?php wp_load_translations_early(); wp_die( 'Briefly unavailable for scheduled "
            "maintenance.', 'Maintenance', 503 );"
        )

        assert reason(blog.port.whoami, site, key) == "maintenance"
        assert reason(blog.port.is_missing, site, 999_999) == "maintenance"
        assert reason(blog.port.discover, blog.url) == "maintenance"
        problem = blog.port.check(blog.url).problem
        assert problem is not None
        assert (problem.code, bool(problem.fix)) == ("maintenance", True)

    def test_a_plugin_that_breaks_the_site_is_a_server_error(self, blog: RealBlog) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        blog.site.mu("<?php add_action( 'init', fn() => no_such_function() );")

        assert reason(blog.port.whoami, site, key) == "server_error"
        assert reason(blog.port.create_administrator, site, key, wanted()) == "server_error"
        assert reason(blog.port.discover, blog.url) == "server_error"

    def test_a_user_left_half_made_by_a_broken_plugin_is_deleted_at_the_next_try(
        self, blog: RealBlog
    ) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        user = wanted()
        blog.site.mu("<?php add_action( 'user_register', fn() => no_such_function() );")

        assert reason(blog.port.create_administrator, site, key, user) == "server_error"
        # The role is given after the hook that broke, so the user has another role than requested.
        blog.site.mu("<?php")
        assert reason(blog.port.create_administrator, site, key, user) == "creation_refused"
        assert blog.port.find_user(site, key, user.username) is None

    def test_a_slow_site_times_out_and_the_next_try_finds_the_user(self, blog: RealBlog) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        user = wanted()
        blog.site.mu("<?php add_action( 'rest_after_insert_user', fn() => usleep( 1500000 ) );")
        impatient = RealBlog(blog.site, seconds=0.7)

        with pytest.raises(SiteUnavailable) as raised:
            impatient.port.create_administrator(site, key, user)
        assert raised.value.slow
        blog.site.mu("<?php")
        created = blog.port.create_administrator(site, key, user)

        assert (created.username, created.is_administrator) == (user.username, True)

    def test_a_site_that_moved_gets_no_key(self, blog: RealBlog) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        blog.site.mu(
            f"<?php if ( {IN_REST} ) {{ header( 'Location: http://127.0.0.1:9/', true, 307 ); "
            "exit; }"
        )

        assert reason(blog.port.whoami, site, key) == "odd_answer"
        assert reason(blog.port.create_administrator, site, key, wanted()) == "odd_answer"


# PHP that creates a hundred and twenty administrators once.
CROWD = (
    "<?php add_action( 'init', function () { global $wpdb; if ( get_option( 'crowd' ) ) "
    "return; update_option( 'crowd', 1 ); for ( $i = 0; $i < 120; $i++ ) { $wpdb->insert( "
    "$wpdb->users, array( 'user_login' => \"crowd$i\", 'user_nicename' => \"crowd$i\", "
    "'user_email' => \"crowd$i@example.test\" ) ); update_user_meta( $wpdb->insert_id, "
    "$wpdb->prefix . 'capabilities', array( 'administrator' => true ) ); } } );"
)


# As WordPress before 5.9, which does not know the parameter.
NO_FILTER = (
    "<?php add_filter( 'rest_user_query', function ( $query ) { unset( $query['capability__in'] ); "
    "return $query; } );"
)


class TestCrowds:
    def test_a_site_that_cannot_filter_by_what_users_may_do_is_asked_for_roles(
        self, blog: RealBlog
    ) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        _, reader = blog.add_user("subscriber")
        _, editor = blog.add_user("editor")
        blog.site.mu(NO_FILTER)

        snapshot = blog.port.snapshot(site, key)

        assert snapshot.reach == "roles"
        names = {user.username for user in snapshot.users or ()}
        assert {"admin", editor} <= names
        assert reader not in names

    def test_a_reader_who_was_given_more_is_listed(self, blog: RealBlog) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        user_id, reader = blog.add_user("subscriber")
        blog.site.mu(
            f"<?php add_action( 'init', fn() => get_user_by( 'id', {user_id} )"
            "->add_cap( 'edit_files' ) );"
        )
        blog.port.whoami(site, key)

        snapshot = blog.port.snapshot(site, key)

        assert snapshot.reach == "everybody"
        assert reader in {user.username for user in snapshot.users or ()}

    def test_a_snapshot_lists_more_than_a_hundred_administrators(self, blog: RealBlog) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        blog.site.mu(CROWD)

        listed = blog.port.snapshot(site, key).users

        assert listed is not None
        names = [administrator.username for administrator in listed]
        assert len(names) == len(set(names))
        assert {f"crowd{number}" for number in range(120)} < set(names)
        # The keys of so many would take one request each.
        administrators = [user for user in listed if user.is_administrator]
        assert administrators[0].keys
        assert administrators[-1].keys is None

    def test_a_login_is_found_among_many_that_contain_it(self, blog: RealBlog) -> None:
        key, site = blog.consent(), blog.port.discover(blog.url)
        blog.site.mu(CROWD)
        blog.port.snapshot(site, key)

        found = blog.port.find_user(site, key, "crowd7")

        assert found is not None
        assert found.username == "crowd7"


def test_no_error_repeats_a_part_of_a_response(blog: RealBlog) -> None:
    key, site = blog.consent(), blog.port.discover(blog.url)
    blog.site.mu(
        "<?php add_filter( 'rest_pre_dispatch', fn() => new WP_Error( 'teapot', 'SECRET words', "
        "array( 'status' => (int) ( $_GET['_'] ? 418 : 403 ) ) ) );"
    )
    for call in (blog.port.whoami, blog.port.key_id):
        with pytest.raises(HallpassError) as raised:
            call(site, key)
        assert "SECRET" not in f"{raised.value!r} {vars(raised.value)}"
    assert blog.port.snapshot(site, key).users is None
