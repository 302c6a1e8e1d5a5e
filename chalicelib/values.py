"""
The standard library's `dataclasses`, whose methods are made when the first value of a class is.

`dataclasses.dataclass` writes six methods for each class and compiles them. For all classes of
Hallpass together that was an eighth of a cold start, and one request makes values of few of them.
So a class gets its slots when it is defined, and the rest when it is called for the first time, or
when `fields`, `replace` or `asdict` ask. Until then there is no value that anything else could be
done with. An error in a definition shows then, too: `tests/unit/test_values.py` asks every class.
"""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import asdict, field, fields, replace
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any

__all__ = ["asdict", "dataclass", "field", "fields", "replace"]
NO_FIELDS = ("ClassVar", "KW_ONLY")  # Annotate what is no field of a value.
OF_EACH_CLASS = ("__dict__", "__weakref__", "__slots__")
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
    """Return *cls*, or its twin with slots, still without the methods of a dataclass."""
    shown = _with_slots(cls) if options.get("slots") else cls
    namespace = _namespace(cls)
    is_finished = False

    def finish() -> None:
        nonlocal is_finished
        with _lock:
            if not is_finished:
                made: type = dataclasses.dataclass(**options)(_twin(cls, namespace))
                _take_over(shown, made, namespace)
                is_finished = True

    def first(self: Any, *values: Any, **named: Any) -> None:  # noqa: ANN401 - of any fields
        finish()
        shown.__init__(self, *values, **named)  # type: ignore[misc] # It is the real one now.

    shown.__init__ = first  # type: ignore[misc] # See above.
    shown.__dataclass_fields__ = _Fields(finish)  # type: ignore[attr-defined]
    return shown


class _Fields:
    """Stands for the `__dataclass_fields__` of a class until `dataclasses` asks for them."""

    def __init__(self, finish: Any) -> None:  # noqa: ANN401 - a function
        self._finish = finish

    def __get__(self, _: object, owner: Any) -> Any:  # noqa: ANN401 - as `dataclasses` has it
        self._finish()
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
    """Give *shown* what *made* has and nobody wrote; `__init__` last, for other threads."""
    for name, value in vars(made).items():
        is_own = name in OF_EACH_CLASS or isinstance(value, MemberDescriptorType)
        if not is_own and name != "__init__" and written.get(name, _lock) is not value:
            setattr(shown, name, value)
    shown.__init__ = made.__init__  # type: ignore[misc] # As in `_begin`.
