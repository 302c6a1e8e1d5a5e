"""`values.dataclass` makes what `dataclasses.dataclass` makes, later."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import pickle
import pkgutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import KW_ONLY, field
from typing import Any, ClassVar

import pytest

import chalicelib
from chalicelib.values import dataclass as late

Decorator = Callable[..., Any]
MODULES = sorted(
    module.name for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib.")
)


@pytest.fixture(params=[late, dataclasses.dataclass], ids=["ours", "the standard library's"])
def dataclass(request: pytest.FixtureRequest) -> Decorator:
    decorator: Decorator = request.param
    return decorator


@late(frozen=True, slots=True)
class Packed:
    """At the top of a module, where pickle finds it."""

    number: int


def values_of(dataclass: Decorator) -> Any:  # noqa: ANN401
    @dataclass(frozen=True, slots=True)
    class Point:
        """One point."""

        KINDS: ClassVar[int] = 2
        x: int
        y: int = 0
        secret: str = field(default="", repr=False, compare=False)
        marks: tuple[int, ...] = field(default_factory=tuple)

        def moved(self, by: int) -> Any:  # noqa: ANN401
            return dataclasses.replace(self, x=self.x + by)

    return Point


class TestBothAlike:
    def test_a_value_has_its_fields_and_defaults(self, dataclass: Decorator) -> None:
        point = values_of(dataclass)(1, secret="s")

        assert (point.x, point.y, point.secret, point.marks) == (1, 0, "s", ())
        assert point.moved(2).x == 3
        assert point.KINDS == 2

    def test_equal_values_are_equal_and_hash_alike(self, dataclass: Decorator) -> None:
        point = values_of(dataclass)

        assert point(1, secret="a") == point(1, secret="b")
        assert point(1) != point(2)
        assert point(1) != (1, 0, "", ())
        assert len({point(1), point(1), point(2)}) == 2

    def test_the_hash_may_be_asked_for_first(self, dataclass: Decorator) -> None:
        point = values_of(dataclass)

        assert hash(point(1)) == hash(point(1, secret="a"))
        assert point(1) == point(1)

    def test_a_secret_is_not_shown(self, dataclass: Decorator) -> None:
        shown = repr(values_of(dataclass)(1, secret="s"))

        assert shown == "values_of.<locals>.Point(x=1, y=0, marks=())"

    def test_a_frozen_value_stays_as_it_is(self, dataclass: Decorator) -> None:
        point = values_of(dataclass)(1)

        with pytest.raises(dataclasses.FrozenInstanceError):
            point.x = 2
        with pytest.raises(dataclasses.FrozenInstanceError):
            del point.x
        with pytest.raises((AttributeError, TypeError)):
            point.z = 1
        assert not hasattr(point, "__dict__")

    def test_a_missing_or_unknown_field_is_refused(self, dataclass: Decorator) -> None:
        for wrong in ({}, {"x": 1, "z": 2}):
            with pytest.raises(TypeError):
                values_of(dataclass)(**wrong)

    def test_the_functions_of_dataclasses_work_before_the_first_value(
        self, dataclass: Decorator
    ) -> None:
        names = [one.name for one in dataclasses.fields(values_of(dataclass))]

        assert names == ["x", "y", "secret", "marks"]
        assert dataclasses.is_dataclass(values_of(dataclass))
        assert dataclasses.asdict(values_of(dataclass)(1))["marks"] == ()

    def test_a_value_is_copied(self, dataclass: Decorator) -> None:
        point = values_of(dataclass)(1, secret="s")

        assert copy.copy(point) == copy.deepcopy(point) == point
        assert copy.deepcopy(point).secret == "s"

    def test_a_value_is_matched_by_position(self, dataclass: Decorator) -> None:
        point = values_of(dataclass)

        match point(1, 2):
            case point(x, y):
                assert (x, y) == (1, 2)

    def test_an_exception_is_a_value_as_well(self, dataclass: Decorator) -> None:
        @dataclass(eq=False)
        class Problem(Exception):
            message: str = "It failed."

        @dataclass(eq=False)
        class Slow(Problem):
            _: KW_ONLY
            slow: bool = False

        worse: Any = Slow
        with pytest.raises(Problem) as raised:
            raise worse
        assert vars(raised.value) == {"message": "It failed.", "slow": False}
        assert worse("No.", slow=True).slow
        with pytest.raises(TypeError):
            worse("No.", True)  # noqa: FBT003
        assert Problem("a") != Problem("a")

    def test_a_changeable_value_changes_and_has_no_hash(self, dataclass: Decorator) -> None:
        @dataclass(slots=True)
        class Count:
            number: int = 0

        count = Count()
        with pytest.raises(TypeError):
            hash(count)
        count.number += 1
        assert count == Count(1)


def test_a_value_is_pickled() -> None:
    assert pickle.loads(pickle.dumps(Packed(7))) == Packed(7)  # noqa: S301 - our own


def test_many_threads_may_make_the_first_value() -> None:
    point, made = values_of(late), []
    threads = [threading.Thread(target=lambda: made.append(point(1))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert made == [point(1)] * 16


@pytest.mark.parametrize("name", MODULES)
def test_every_class_is_one_that_the_standard_library_takes(name: str) -> None:
    for cls in vars(importlib.import_module(name)).values():
        if not inspect.isclass(cls) or not dataclasses.is_dataclass(cls):
            continue
        names = {one.name for one in dataclasses.fields(cls)}
        slots = [slot for base in cls.__mro__ for slot in vars(base).get("__slots__", ())]
        assert not slots or set(slots) == names, cls
        assert len(slots) == len(set(slots)), cls


def test_an_import_of_the_functions_makes_no_methods() -> None:
    code = (
        "import dataclasses, botocore.session, chalice.app\n"
        "made = []\n"
        "real = dataclasses.dataclass\n"
        "def noted(*cls, **options):\n"
        "    made.append(options)\n"
        "    return real(*cls, **options)\n"
        "dataclasses.dataclass = noted\n"
        "import app, chalicelib.wiring\n"
        "assert not made, 'import from chalicelib.values, not from dataclasses'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
