"""Limits: who is counted as one, how far, and until when."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext, suppress

import pytest
from chalice.app import Request

from chalicelib.aws.metrics import emit_limit_metric
from chalicelib.clock import HOUR
from chalicelib.errors import (
    HallpassError,
    KeyRefused,
    NotAdministrator,
    SiteUnavailable,
    TooManyRequests,
    TryAgain,
)
from chalicelib.rate_limits.bounds import (
    BY_DEPLOYMENT,
    BY_MAILBOX,
    BY_NETWORK,
    BY_SUPPORT_MAILBOX,
    COUNTED_IN_STEPS,
    KEYS_BY_NETWORK,
    KEYS_BY_SITE,
    MAIL_STEP,
    UNHINDERED,
    Action,
    LimitName,
)
from chalicelib.rate_limits.limits import Limits
from chalicelib.web import endpoint as web
from tests.fakes.queue import sweep_and_work
from tests.fakes.stores import MemoryHits
from tests.fakes.world import GRANT, NOW, OWNER, World
from tests.unit.bodies import manual_body, user_body
from tests.unit.conftest import Api

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


def admit_a_step(limits: Limits, action: Action) -> None:
    """Let so many requests come that the last one is counted."""
    for _ in range(COUNTED_IN_STEPS.get(action, 1)):
        limits.admit(action, ip=IP, now=START + 1)


@pytest.mark.parametrize("action", BY_NETWORK)
def test_each_action_of_a_network_has_its_own_limit(limits: Limits, action: Action) -> None:
    use_up(limits, action)

    with pytest.raises(TooManyRequests) as refused:
        admit_a_step(limits, action)

    assert refused.value.retry_after == BY_NETWORK[action].seconds - 1
    for other in BY_NETWORK.keys() - {action}:
        limits.admit(other, ip=IP, now=START + 1)


@pytest.mark.parametrize("action", BY_NETWORK)
def test_what_is_over_its_limit_stays_refused_until_the_window_ends(
    limits: Limits, action: Action
) -> None:
    use_up(limits, action)
    with pytest.raises(TooManyRequests):
        admit_a_step(limits, action)

    for _ in range(20):
        with pytest.raises(TooManyRequests) as refused:
            limits.admit(action, ip=IP, now=START + 2)
        assert refused.value.retry_after == BY_NETWORK[action].seconds - 2
    limits.admit(action, ip="192.0.2.2", now=START + 2)
    use_up(limits, action, now=START + BY_NETWORK[action].seconds)


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


SITE = "https://blog.example"


def refused(limits: Limits, url: str, ip: str, now: int = START) -> None:
    """Send a key that the site refuses."""
    limits.visitor.ip = ip
    with suppress(KeyRefused), limits.admit_key(url, now=now):
        raise KeyRefused("The site does not accept the key.")


def test_one_site_has_a_limit_for_all_networks_together(limits: Limits) -> None:
    for number in range(KEYS_BY_SITE.hits):
        refused(limits, f"{SITE}/folder{number}" if number % 2 else SITE, f"10.0.0.{number}")

    with pytest.raises(TooManyRequests):
        refused(limits, SITE, "10.9.9.9")
    with limits.admit_key(SITE, now=START, every_network=False):
        pass
    refused(limits, "https://other.example", "10.9.9.9")


def test_a_network_has_a_limit_for_each_site_and_is_stopped_first(limits: Limits) -> None:
    for _ in range(KEYS_BY_NETWORK.hits):
        refused(limits, SITE, IP)
    for _ in range(KEYS_BY_SITE.hits):
        with pytest.raises(TooManyRequests):
            refused(limits, SITE, IP)

    refused(limits, SITE, "10.9.9.9")
    refused(limits, "https://other.example", IP)


@pytest.mark.parametrize("outcome", [None, SiteUnavailable("timeout", ""), NotAdministrator("")])
def test_a_key_that_the_site_does_not_refuse_is_not_counted(
    limits: Limits, outcome: HallpassError | None
) -> None:
    limits.visitor.ip = IP
    for _ in range(KEYS_BY_NETWORK.hits * 2):
        with suppress(HallpassError), limits.admit_key(SITE, now=START):
            if outcome is not None:
                raise outcome

    refused(limits, SITE, IP)


@pytest.mark.parametrize(
    ("network", "factor"),
    [("2001:db8:0:100::{:x}", 1), ("2001:db8:0:1{:02x}::", 4), ("2001:db8:0:{:x}00::", 16)],
)
def test_each_ipv6_network_has_a_limit_of_its_own(
    limits: Limits, network: str, factor: int
) -> None:
    """The visitors of a /64; the /64 of a /56, each below its own limit; the /56 of a /48."""
    most = BY_NETWORK["tickets"].hits * factor
    for number in range(most):
        limits.admit("tickets", ip=network.format(number % 100), now=START)

    with pytest.raises(TooManyRequests):
        limits.admit("tickets", ip=network.format(200), now=START)
    limits.admit("tickets", ip="2001:db8:1::1", now=START)


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
    for number in range(KEYS_BY_SITE.hits):
        refused(world.parts.limits, SITE, f"10.0.0.{number}", NOW)

    status, answer = api("POST", "/users", user_body(world, site_url=spelling))

    assert (status, answer["code"]) == (429, "too_many_requests")
    assert answer["retry_after"] > 0


@pytest.mark.parametrize("typed", ["https://a.example", "https://b.example"])
def test_a_site_that_redirects_lead_to_is_counted_as_itself(
    world: World, api: Api, typed: str
) -> None:
    set_factor(world, 1)
    world.wordpress.add_site(typed).moved_to = SITE
    for number in range(KEYS_BY_SITE.hits):
        refused(world.parts.limits, f"{SITE}/wp-json/", f"10.0.0.{number}", NOW)

    status, answer = api("POST", "/users", user_body(world, site_url=typed))

    assert (status, answer["code"]) == (429, "too_many_requests")
    assert [c for c in world.wordpress.calls if c.username] == [], "no key was tried"
    sweep_and_work(world.parts, now=NOW + HOUR)
    assert world.owner_keys == 0, "and it is given back"


def test_a_repair_of_a_user_made_by_hand_tries_no_more_keys_than_one_network_may(
    world: World, api: Api
) -> None:
    world.wordpress.add_site(SITE)
    set_factor(world, 1)
    body = {"user_login": "admin", "application_password": "stolen"}
    statuses = []
    for number in range(KEYS_BY_NETWORK.hits + 1):
        made = manual_body(grant_id=f"{number:022d}")
        assert api("POST", "/grants", made)[0] == 201
        path = f"/grants/{made['grant_id']}/repair"
        statuses.append(api("POST", path, body, token=OWNER)[0])

    assert statuses == [401] * KEYS_BY_NETWORK.hits + [429]


def test_a_repair_is_not_a_way_to_try_passwords_where_its_site_has_moved(
    world: World, api: Api
) -> None:
    api("POST", "/users", user_body(world))
    site, victim = world.wordpress.sites[SITE], "https://victim.example"
    world.wordpress.add_site(victim)
    site.moved_to = victim
    set_factor(world, 1)
    for number in range(KEYS_BY_SITE.hits):
        refused(world.parts.limits, victim, f"10.0.0.{number}", NOW)

    body = {"user_login": "admin", "application_password": "stolen"}
    status, _ = api("POST", f"/grants/{GRANT}/repair", body, token=OWNER)

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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Victim@Blog.example", "victim@blog.example"),
        ("victim+a@blog.example", "victim+b+c@blog.example"),
        ("vic.tim@gmail.com", "victim+x@googlemail.com"),
    ],
)
def test_a_mailbox_gets_so_many_a_day_however_it_is_spelled(
    limits: Limits, one: str, other: str
) -> None:
    for _ in range(BY_MAILBOX.hits):
        limits.admit_mail(one, now=START)

    with pytest.raises(TooManyRequests):
        limits.admit_mail(other, now=START)
    limits.admit_mail("other@blog.example", now=START)


def test_dots_and_tags_do_not_join_what_they_separate(limits: Limits) -> None:
    for _ in range(BY_MAILBOX.hits):
        limits.admit_mail("a.b@blog.example", now=START)

    limits.admit_mail("ab@blog.example", now=START)
    limits.admit_mail("+tag@blog.example", now=START)


def test_support_has_another_limit_and_the_deployment_has_one() -> None:
    reached: list[LimitName] = []
    limits = Limits(MemoryHits(), 1, "Support@acme.example", reached.append)
    for _ in range(BY_SUPPORT_MAILBOX.hits):
        limits.admit_mail("support+ticket@acme.example", now=START)
    with pytest.raises(TooManyRequests):
        limits.admit_mail("support@acme.example", now=START)
    for number in range(BY_DEPLOYMENT.hits - BY_SUPPORT_MAILBOX.hits):
        limits.admit_mail(f"{number}@blog.example", now=START)
    with pytest.raises(TooManyRequests):
        admit_mails_of_a_step(limits)

    assert reached == ["support", "deployment"]


def admit_mails_of_a_step(limits: Limits) -> None:
    """Send so many mails that the last one is counted for the deployment."""
    for number in range(MAIL_STEP):
        limits.admit_mail(f"another{number}@blog.example", now=START)


def test_mails_that_wait_for_the_deployment_fill_no_mailbox(limits: Limits) -> None:
    for number in range(BY_DEPLOYMENT.hits):
        limits.admit_mail(f"{number}@blog.example", now=START)
    with pytest.raises(TooManyRequests):
        admit_mails_of_a_step(limits)
    for _ in range(BY_MAILBOX.hits * 2):
        with pytest.raises(TooManyRequests):
            limits.admit_mail("owner@blog.example", now=START)

    limits.admit_mail("owner@blog.example", now=START + BY_DEPLOYMENT.seconds)


class Down(MemoryHits):
    """A counter that cannot be reached."""

    def hit(self, *_: object, **__: object) -> int:
        raise TryAgain


@pytest.mark.parametrize("action", BY_NETWORK)
def test_what_protects_an_owner_goes_on_when_nothing_can_be_counted(action: Action) -> None:
    limits = Limits(Down())
    with nullcontext() if action in UNHINDERED else pytest.raises(TryAgain):
        admit_a_step(limits, action)

    limits.admit_mail("owner@blog.example", now=START)
    limits.admit_holder("end", "g", "owner", now=START)


def test_each_limit_that_is_reached_is_emitted_by_its_name() -> None:
    emitted: list[str] = []
    limits = Limits(
        MemoryHits(), support_mailbox="support@acme.example", emit_metric=emitted.append
    )
    limits.visitor.ip = IP
    calls: dict[str, Callable[[int], object]] = {
        "network": lambda _: limits.admit("tickets", ip=IP, now=START),
        "key": lambda _: refused(limits, SITE, IP),
        "grant": lambda _: limits.admit_holder("end", "g", "owner", now=START),
        "account": lambda _: limits.admit_ots("ots_create", ip=IP, account="a", now=START),
        "mailbox": lambda _: limits.admit_mail("one@blog.example", now=START),
        "support": lambda _: limits.admit_mail("support@acme.example", now=START),
        "deployment": lambda n: limits.admit_mail(f"box{n}@blog.example", now=START),
    }
    for name, call in calls.items():
        assert name not in emitted
        for number in range(5000):
            try:
                call(number)
            except TooManyRequests:
                break
        assert emitted[-1] == name


def test_a_limit_that_is_reached_is_a_metric(capsys: pytest.CaptureFixture[str]) -> None:
    emit_limit_metric("support")

    written = json.loads(capsys.readouterr().out)
    assert (written["LimitReached"], written["limit"]) == ([1.0], "support")
    (metric,) = written["_aws"]["CloudWatchMetrics"]
    assert metric["Namespace"] == "Hallpass"
    assert sorted(metric["Dimensions"][0]) == ["limit", "service"], "as the alarms ask for it"
