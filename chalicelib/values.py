"""
The standard library's `dataclasses`, whose methods are made when the first value of a class is.

`dataclasses.dataclass` writes six methods for each class and compiles them. For all classes of
Hallpass together that was an eighth of a cold start, and one request makes values of few of them.
So a class gets its slots when it is defined; what makes values when it is called for the first
time, or when `fields`, `replace` or `asdict` ask; and what shows and compares them when one is to
be shown or compared. `tests/unit/test_values.py` asks every class, and finds errors in definitions.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from dataclasses import asdict, field, fields, replace
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any

__all__ = ["asdict", "dataclass", "field", "fields", "replace"]
NO_FIELDS = ("ClassVar", "KW_ONLY")  # Annotate what is no field of a value.
OF_EACH_CLASS = ("__dict__", "__weakref__", "__slots__")
MAKING, WHOLE = 1, 2  # The stages of a class: values can be made; and be shown and compared.
_lock = threading.RLock()  # Held again by the base of a class that is being finished.

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: type | None = None, /, **options: bool) -> Any:  # noqa: ANN401 - as theirs
        """Return *cls* as `dataclasses.dataclass` does with the same *options*."""
        if cls is None:
            return lambda decorated: _begin(decorated, options)
        return _begin(cls, options)


def _begin(cls: type, options: dict[str, bool]) -> type:
    """Return *cls*, or its twin with slots, with methods that make those of a dataclass."""
    shown = _with_slots(cls) if options.get("slots") else cls
    namespace = _namespace(cls)
    stage = 0

    def reach(wanted: int) -> None:
        nonlocal stage
        with _lock:
            if stage < wanted:
                chosen = options if wanted == WHOLE else options | {"repr": False, "eq": False}
                made: type = dataclasses.dataclass(**chosen)(_twin(cls, namespace))
                _take_over(shown, made, namespace)
                stage = wanted

    def standing_for(name: str, wanted: int) -> Callable[..., Any]:
        def first(self: Any, *values: Any, **named: Any) -> Any:  # noqa: ANN401 - of any method
            reach(wanted)
            return getattr(shown, name)(self, *values, **named)  # It is the real one now.

        return first

    later = ["__repr__"] if options.get("repr", True) else []
    if options.get("eq", True):
        later += ["__eq__", "__hash__"]
    for name in later:
        if name not in namespace:
            setattr(shown, name, standing_for(name, WHOLE))
    if "__hash__" in later and not options.get("frozen"):
        setattr(shown, "__hash__", None)  # noqa: B010 - mypy takes it for a method
    setattr(shown, "__init__", standing_for("__init__", MAKING))  # noqa: B010 - see above
    setattr(shown, "__dataclass_fields__", _Fields(lambda: reach(MAKING)))  # noqa: B010
    return shown


class _Fields:
    """Stands for the `__dataclass_fields__` of a class until `dataclasses` asks for them."""

    def __init__(self, make: Callable[[], None]) -> None:
        self._make = make

    def __get__(self, _: object, owner: Any) -> Any:  # noqa: ANN401 - as `dataclasses` has it
        self._make()
        return owner.__dataclass_fields__


def _with_slots(cls: type) -> type:
    names = [
        name
        for name, annotation in cls.__annotations__.items()
        if not str(annotation).startswith(NO_FIELDS)
    ]
    namespace = {name: value for name, value in _namespace(cls).items() if name not in names}
    inherited = {name for base in cls.__mro__[1:] for name in vars(base).get("__slots__", ())}
    namespace["__slots__"] = tuple(name for name in names if name not in inherited)
    return _twin(cls, namespace)


def _twin(cls: type, namespace: dict[str, Any]) -> type:
    twin = type(cls)(cls.__name__, cls.__bases__, dict(namespace))
    twin.__qualname__ = cls.__qualname__
    return twin


def _namespace(cls: type) -> dict[str, Any]:
    return {name: value for name, value in vars(cls).items() if name not in OF_EACH_CLASS}


def _take_over(shown: type, made: type, written: dict[str, Any]) -> None:
    """Give *shown* what *made* has and *written* has not; `__init__` last, for other threads."""
    for name, value in vars(made).items():
        is_own = name in OF_EACH_CLASS or isinstance(value, MemberDescriptorType)
        if not is_own and name != "__init__" and written.get(name, _lock) is not value:
            setattr(shown, name, value)
    shown.__init__ = made.__init__  # type: ignore[misc] # As in `_begin`.
