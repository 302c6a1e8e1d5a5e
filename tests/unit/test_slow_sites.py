"""The sites of `tests.bench.queue` answer what a set-up and an ending ask, and count it."""

from __future__ import annotations

from chalicelib.clock import DAY
from chalicelib.grants.request import ProvisionRequest
from chalicelib.outbound.client import Outbound
from chalicelib.values import replace
from chalicelib.web import bodies
from chalicelib.wiring import assemble
from chalicelib.wordpress.client import RestWordPress
from tests.bench.serving import serving
from tests.bench.slow_sites import OWNER, SlowSites
from tests.fakes.world import NOW, SETTINGS, World
from tests.page import Page

ENDING_REQUESTS = 8  # As docs/performance.md says of a real WordPress.


def test_an_access_is_set_up_and_ends_with_the_requests_that_wordpress_gets() -> None:
    world = World()
    with serving(SlowSites(2)) as sites:
        outbound = Outbound("Hallpass", seconds_left=lambda: 20, allowed_sites=[sites.origin])
        ports = replace(world.parts.ports, wordpress=RestWordPress(outbound), connections=outbound)
        parts = assemble(ports, replace(SETTINGS, allowed_sites=(sites.origin,)))
        site, other = sites.sites["s0"], sites.sites["s1"]
        request = bodies.provision(Page("", site.url, OWNER, site.add_key(1)["password"]).user)
        assert isinstance(request, ProvisionRequest)
        made, _ = parts.lifecycle.provision(request, now=NOW)
        assert (made.state, made.on_site.user_id, len(site.users)) == ("active", 2, 2)
        site.asked.clear()
        before = sites.requests

        tried = parts.worker.finish(made.id, now=NOW + 2 * DAY)

        assert tried is not None
        assert tried.has_ended
        assert sites.requests - before == ENDING_REQUESTS
        assert (dict(site.asked), list(site.users)) == ({"whose key": 1, "delete": 1}, [1])
        assert site.ended_at is not None
        assert not other.asked
        assert parts.worker.finish(made.id, now=NOW + 2 * DAY) is None
        assert site.asked["delete"] == 1
        outbound.close()
