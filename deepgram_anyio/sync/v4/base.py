"""What all data types of v4 have in common: options, responses and their parts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

from ...transport.logs import project_logger
from .decoding import EXTRA, decode, plan_of
from .errors import DeepgramTypeError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["BaseOptions", "BaseResponse"]

_log = project_logger("sync")

_SCALARS = frozenset({str, int, float, bool, type(None)})


@dataclass(eq=False, repr=False)
class BaseResponse:
    """Base of all options, responses and their parts.

    A field can be read and written as an attribute and as an item: ``result.channel``, ``result["channel"]``. An item
    that is not there is None. What a server sends beyond the known fields is kept and can be had in the same ways; so
    is every attribute that is set and is no field, and both are part of `to_dict`.
    """

    _unsent: ClassVar[Mapping[str, Any]] = {}
    """Values beside None that say that a field was not set."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | None) -> Self:
        """Make one from wire data. Values of an unexpected shape are kept as they are.

        Args:
            data: a decoded JSON object; None counts as an empty one.

        Raises:
            DeepgramTypeError: `data` is no mapping.
        """
        if data is None:
            data = {}
        elif not isinstance(data, Mapping):
            raise DeepgramTypeError(f"{cls.__name__} is made from a mapping, not from {type(data).__name__}")
        record: Self = decode(cls, data)
        return record

    @classmethod
    def from_json(cls, text: str | bytes | bytearray) -> Self:
        """Make one from a JSON text.

        Raises:
            json.JSONDecodeError: the text is no JSON.
            DeepgramTypeError: it is no JSON object.
        """
        return cls.from_dict(json.loads(text))

    def to_dict(self) -> dict[str, Any]:
        """Return the wire form as plain dicts and lists; what is not set is left out."""
        attributes, unsent = self.__dict__, self._unsent
        result = {}
        for name in plan_of(type(self)).names:
            value = attributes.get(name)
            if value is not None and not (name in unsent and unsent[name] == value):
                result[name] = _plain(value)
        for name, value in attributes.get(EXTRA, _NOTHING).items():
            result[name] = _plain(value)
        return result

    def to_json(self, **kwargs: Any) -> str:
        """Return the wire form as a JSON text.

        Args:
            kwargs: passed on to `json.dumps`, such as ``indent=4``.
        """
        kwargs.setdefault("default", str)
        return json.dumps(self.to_dict(), **kwargs)

    def eval(self, key: str) -> str:
        """Return the value at a dotted path, as text.

        Args:
            key: such as ``results.channels.0.alternatives.0.transcript``; numbers count list items from 0.

        Returns:
            The value's `str`; empty when there is none.
        """
        value: Any = self
        for step in key.split("."):
            if isinstance(value, BaseResponse):
                value = value[step]
            elif isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, (list, tuple)) and step.isdecimal() and int(step) < len(value):
                value = value[int(step)]
            else:
                return ""
        return "" if value is None else str(_plain(value))

    def keys(self) -> list[str]:
        """Return the names of what is set, so that ``dict(result)`` works."""
        extra = self.__dict__.get(EXTRA, _NOTHING)
        return [name for name in plan_of(type(self)).names if self.__dict__.get(name) is not None] + list(extra)

    def __getitem__(self, key: str) -> Any:
        if key in plan_of(type(self)).fields:
            return self.__dict__.get(key)
        return self.__dict__.get(EXTRA, _NOTHING).get(key)

    def __setitem__(self, key: str, value: Any) -> None:
        if key in plan_of(type(self)).fields or isinstance(getattr(type(self), key, None), property):
            setattr(self, key, value)
        else:
            self.__dict__.setdefault(EXTRA, {})[key] = value

    def __contains__(self, key: object) -> bool:
        return key in self.keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __getattr__(self, name: str) -> Any:
        extra = self.__dict__.get(EXTRA, _NOTHING)
        # No server can say how Python copies or shows a record: __deepcopy__ is an item, and no attribute.
        if name not in extra or name.startswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return extra[name]

    def __setattr__(self, name: str, value: Any) -> None:
        if name in plan_of(type(self)).fields:
            self.__dict__[name] = self._as_declared(name, value) if isinstance(value, (dict, list)) else value
        elif name.startswith("_") or hasattr(type(self), name):
            object.__setattr__(self, name, value)
        else:
            self.__dict__.setdefault(EXTRA, {})[name] = value

    def _as_declared(self, name: str, value: Any) -> Any:
        """Plain dicts may be given for parts, as in ``Agent(think={...})``. Other values stay the very objects."""
        convert = plan_of(type(self)).converters.get(name)
        if convert is None or not (isinstance(value, dict) or any(isinstance(item, dict) for item in value)):
            return value
        return convert(value)

    def __eq__(self, other: object) -> bool:
        return self.__dict__ == other.__dict__ if type(other) is type(self) else NotImplemented

    def __repr__(self) -> str:
        shown = [(name, self.__dict__.get(name)) for name in plan_of(type(self)).shown]
        shown += self.__dict__.get(EXTRA, _NOTHING).items()
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in shown)})"

    def __str__(self) -> str:
        return self.to_json(indent=4, ensure_ascii=False)


_NOTHING: Mapping[str, Any] = {}


def _plain(value: Any) -> Any:
    if type(value) in _SCALARS:
        return value
    if isinstance(value, BaseResponse):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.value if isinstance(value, Enum) else value


@dataclass(eq=False, repr=False)
class BaseOptions(BaseResponse):
    """Base of the options that can be checked.

    Unset fields are None and are never sent. An attribute that is no field is sent beside the fields, under its name:
    parameters that this class does not know yet can be set like the others.
    """

    _deprecated: ClassVar[Mapping[str, str]] = {}
    """Fields that should not be used any more, and why."""

    def check(self) -> bool:
        """Log a warning for every deprecated value. Return True: none of them keeps a request from being sent."""
        for name, reason in self._deprecated.items():
            if self[name] is not None:
                _log.warning("%s.%s is deprecated: %s", type(self).__name__, name, reason)
        return True
