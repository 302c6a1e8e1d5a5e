"""Limits: who is counted as one, how far, and until when."""

from __future__ import annotations

import pytest
from chalice.app import Request

from chalicelib.clock import HOUR
from chalicelib.errors import TooManyRequests
from chalicelib.rate_limits import BY_MAILBOX, BY_NETWORK, BY_SITE, Action, Limits
from chalicelib.web import endpoint as web
from tests.fakes.stores import MemoryHits
from tests.fakes.world import NOW, World
from tests.unit.conftest import Api
from tests.unit.test_web import GRANT_ID, OWNER, user

IP = "192.0.2.1"
START = NOW - NOW % 3600


@pytest.fixture
def limits() -> Limits:
    return Limits(MemoryHits())


def use_up(limits: Limits, action: Action, ip: str = IP, now: int = START) -> None:
    for _ in range(BY_NETWORK[action].hits):
        limits.admit(action, ip=ip, now=now)


def set_factor(world: World, factor: float) -> None:
    """Limit this world as people are limited; every part of it shares the same limits."""
    object.__setattr__(world.parts.limits, "factor", factor)


@pytest.mark.parametrize("action", BY_NETWORK)
def test_each_action_of_a_network_has_its_own_limit(limits: Limits, action: Action) -> None:
    use_up(limits, action)

    with pytest.raises(TooManyRequests) as refused:
        limits.admit(action, ip=IP, now=START + 1)

    assert refused.value.retry_after == BY_NETWORK[action].seconds - 1
    for other in BY_NETWORK.keys() - {action}:
        limits.admit(other, ip=IP, now=START + 1)


def test_the_next_window_begins_at_nothing(limits: Limits) -> None:
    use_up(limits, "users")
    window = BY_NETWORK["users"].seconds
    with pytest.raises(TooManyRequests):
        limits.admit("users", ip=IP, now=START + window - 1)

    use_up(limits, "users", now=START + window)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8:0:0:ffff::1", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("", "not an address", True),
    ],
)
def test_an_ipv6_network_of_64_bits_counts_as_one_visitor(
    limits: Limits, one: str, other: str, *, same: bool
) -> None:
    use_up(limits, "users", one)

    if same:
        with pytest.raises(TooManyRequests):
            limits.admit("users", ip=other, now=START)
    else:
        limits.admit("users", ip=other, now=START)


def test_one_site_has_a_limit_for_all_networks_together(limits: Limits) -> None:
    site = "https://blog.example"
    for number in range(BY_SITE["users"].hits):
        path = f"{site}/folder{number}" if number % 2 else site
        limits.admit("users", ip=f"10.0.0.{number}", site_url=path, now=START)

    with pytest.raises(TooManyRequests):
        limits.admit("users", ip="10.9.9.9", site_url=site, now=START)
    limits.admit("users", ip="10.9.9.9", site_url="https://other.example", now=START)
    limits.admit("secrets", ip="10.9.9.9", site_url=site, now=START)


def test_the_factor_multiplies_every_limit() -> None:
    twice = Limits(MemoryHits(), 2)
    use_up(twice, "tickets")
    use_up(twice, "tickets")

    with pytest.raises(TooManyRequests):
        twice.admit("tickets", ip=IP, now=START)


@pytest.mark.parametrize(
    "spelling",
    [
        "https://blog.example",
        "BLOG.example/",
        " https://blog.example./wp-admin/users.php?x#y ",
        "https://\uff42\uff4c\uff4f\uff47.example",
    ],
)
def test_no_spelling_of_a_site_counts_apart(world: World, api: Api, spelling: str) -> None:
    set_factor(world, 1)
    for number in range(BY_SITE["users"].hits):
        world.parts.limits.admit(
            "users", ip=f"10.0.0.{number}", site_url="https://blog.example", now=NOW
        )

    status, answer = api("POST", "/users", user(world, site_url=spelling))

    assert (status, answer["code"]) == (429, "too_many_requests")
    assert answer["retry_after"] > 0


@pytest.mark.parametrize("typed", ["https://a.example", "https://b.example"])
def test_a_site_that_redirects_lead_to_is_counted_as_itself(
    world: World, api: Api, typed: str
) -> None:
    set_factor(world, 1)
    world.wordpress.add_site(typed).moved_to = "https://blog.example"
    for _ in range(BY_SITE["users"].hits):
        world.parts.limits.admit_redirect_target(typed, "https://blog.example/wp-json/", now=NOW)

    status, answer = api("POST", "/users", user(world, site_url=typed))

    assert (status, answer["code"]) == (429, "too_many_requests")
    assert [c for c in world.wordpress.calls if c.username] == [], "no key was tried"
    world.parts.sweep.sweep(now=NOW + HOUR)
    assert world.owner_keys == 0, "and it is given back"


def test_repairs_count_for_their_site_whether_they_fail_or_not(world: World, api: Api) -> None:
    username = api("POST", "/users", user(world))[1]["username"]
    world.wordpress.sites["https://blog.example"].revoke(username)
    set_factor(world, 1)
    body = {"user_login": "admin", "application_password": "stolen"}
    for number in range(BY_SITE["users"].hits - 2):
        world.parts.limits.admit(
            "users", ip=f"10.0.0.{number}", site_url="https://blog.example", now=NOW
        )

    first, second = (
        api("POST", f"/grants/{GRANT_ID}/repair", body, token=OWNER)[0] for _ in range(2)
    )

    assert (first, second) == (401, 429)


def test_a_repair_is_not_a_way_to_try_passwords_where_its_site_has_moved(
    world: World, api: Api
) -> None:
    api("POST", "/users", user(world))
    site, victim = world.wordpress.sites["https://blog.example"], "https://victim.example"
    world.wordpress.add_site(victim)
    site.moved_to = victim
    set_factor(world, 1)
    for _ in range(BY_SITE["users"].hits):
        world.parts.limits.admit_redirect_target("https://blog.example", victim, now=NOW)

    body = {"user_login": "admin", "application_password": "stolen"}
    status, _ = api("POST", f"/grants/{GRANT_ID}/repair", body, token=OWNER)

    assert status == 429
    assert [c for c in world.wordpress.calls if c.url == victim and c.username] == []


def request(seen: str, **headers: str) -> Request:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(
        {
            "headers": names,
            "multiValueHeaders": {name: [value] for name, value in names.items()},
            "multiValueQueryStringParameters": None,
            "pathParameters": {},
            "body": "",
            "isBase64Encoded": False,
            "stageVariables": {},
            "requestContext": {
                "httpMethod": "GET",
                "resourcePath": "/",
                "identity": {"sourceIp": seen},
            },
        }
    )


@pytest.mark.parametrize(
    ("headers", "edge_key", "ip"),
    [
        ({"x_hallpass_edge": "key", "x_hallpass_viewer": "1.1.1.1"}, "key", "1.1.1.1"),
        ({"x_hallpass_edge": "key"}, "key", "9.9.9.9"),
        ({"x_hallpass_edge": "guess", "x_hallpass_viewer": "1.1.1.1"}, "key", "9.9.9.9"),
        ({"x_hallpass_edge": "kéy", "x_hallpass_viewer": "1.1.1.1"}, "key", "9.9.9.9"),
        ({"x_hallpass_viewer": "1.1.1.1"}, "key", "9.9.9.9"),
        ({"x_hallpass_edge": "", "x_hallpass_viewer": "1.1.1.1"}, "", "9.9.9.9"),
        ({"X_Forwarded_For": "1.1.1.1"}, "key", "9.9.9.9"),
    ],
)
def test_only_what_comes_through_cloudfront_names_the_visitor(
    headers: dict[str, str], edge_key: str, ip: str
) -> None:
    assert web.visitor_ip(request("9.9.9.9", **headers), edge_key) == ip


def test_a_mailbox_gets_so_many_a_day_from_whatever_network(limits: Limits) -> None:
    for _ in range(BY_MAILBOX.hits):
        limits.admit_mail("Victim@Blog.example", now=START)

    with pytest.raises(TooManyRequests):
        limits.admit_mail("victim@blog.example", now=START)
    limits.admit_mail("other@blog.example", now=START)
    limits.admit_mail("", now=START)
