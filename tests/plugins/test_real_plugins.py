"""
The story with plugins' own code in the way: `make test-plugins PLUGINS=folder`.

Whatever a plugin does: there is no wrong end, no end that stays open without a reason, no account
that stays behind, and each refusal has a name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.clock import DAY, HOUR
from chalicelib.errors import ConsentRejected, SiteUnsupported
from infra.local.wordpress import WordPress
from tests.fakes.world import NOW
from tests.plugins.conftest import DAYS, Owner
from tests.plugins.real_plugins import STATES, RealPlugin, State, activate, plugins_in, remove

CASES = [
    pytest.param(plugin, state, id=f"{plugin.slug} {plugin.version} {state.name}")
    for plugin in plugins_in(Path(os.environ["HALLPASS_PLUGINS"]))
    for state in STATES.get(plugin.slug, (State(),))
]


@pytest.fixture
def owner() -> Iterator[Owner]:
    with WordPress("7.1") as site:
        owner = Owner(site)
        owner.install()
        yield owner


@pytest.mark.parametrize(("plugin", "state"), CASES)
def test_an_access_is_made_and_ended_or_refused_by_name(
    owner: Owner, plugin: RealPlugin, state: State
) -> None:
    key = owner.consent()  # As WordPress' approval page makes it, with the plugin or without.
    activate(plugin, state, owner.site)
    owner.count("refused")

    check = owner.wordpress.check(owner.site.url)
    named = check.problem.code if check.problem is not None else ""
    outcome: tuple[str, str, bool | None]
    try:
        grant = owner.provision(consent=key)
    except (ConsentRejected, SiteUnsupported) as refusal:
        outcome = (named, f"{refusal.code} {refusal.reason}", None)
    else:
        outcome = (named, grant.state, grant.on_site.is_let_in)
        assert check.consent_url is not None, "what works is offered"
        assert owner.end().state == "ended"
        assert owner.count("refused") <= 1, "only where strangers are refused the second word"
    for hours in range(3):
        owner.parts.sweep.sweep(now=NOW + DAYS * DAY + hours * HOUR)

    remove(plugin, owner.site)
    assert owner.users == {"admin"}
    assert all(grant.state == "ended" for grant in owner.grants.items.values())
    if state.outcome is not None:
        assert outcome == state.outcome
