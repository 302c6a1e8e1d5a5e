"""
The phases of a grant, and the mark of a transition between them (the diagram is in the package).

A transition is a pure function from the grant that is stored to the one to be written. It names the
phases that it starts from; in every other phase it raises `WrongPhase`. Some name phases in which
they change nothing, because what they do has been done.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, Literal, ParamSpec, TypeVar

if TYPE_CHECKING:
    from chalicelib.grants.record import GrantRecord

Phase = Literal["provisioning", "active", "revoking", "notifying", "closed"]
State = Literal["preparing", "active", "ended"]

ALL_PHASES: tuple[Phase, ...] = ("provisioning", "active", "revoking", "notifying", "closed")
SETTING_UP: tuple[Phase, ...] = ("provisioning", "revoking")  # The end may be asked for meanwhile.
AFTER_SET_UP: tuple[Phase, ...] = ("active", "revoking", "notifying", "closed")
RUNNING: tuple[Phase, ...] = ("provisioning", "active", "revoking")
ENDED: tuple[Phase, ...] = ("notifying", "closed")
# The owner of a manual grant may confirm its end while a repair or the sweep works on it.
REMOVING: tuple[Phase, ...] = (*RUNNING, "notifying")


P = ParamSpec("P")
G = TypeVar("G", bound="GrantRecord")

TRANSITIONS: dict[str, tuple[frozenset[Phase], frozenset[Phase]]] = {}
"""For each transition: the phases that it starts from, and those in which it changes nothing."""


class WrongPhase(Exception):
    """A transition was asked of a grant in a phase that it does not start from."""


def transition(
    *starts: Phase, unchanged_in: tuple[Phase, ...] = ()
) -> Callable[[Callable[Concatenate[G, P], G]], Callable[Concatenate[G, P], G]]:
    """Let a method run in the phases *starts* only, and change nothing in *unchanged_in*."""

    def marked(method: Callable[Concatenate[G, P], G]) -> Callable[Concatenate[G, P], G]:
        TRANSITIONS[method.__name__] = (frozenset(starts), frozenset(unchanged_in))

        @wraps(method)
        def run(grant: G, /, *args: P.args, **kwargs: P.kwargs) -> G:
            if grant.phase in unchanged_in:
                return grant
            if grant.phase not in starts:
                raise WrongPhase(f"{method.__name__} of a grant that is {grant.phase}")
            return method(grant, *args, **kwargs)

        return run

    return marked
