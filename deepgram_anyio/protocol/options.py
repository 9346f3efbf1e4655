"""Options to query strings and back: one place that knows how every value is spelled."""

from __future__ import annotations

import difflib
import enum
import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import msgspec

from ..errors import ConfigError
from .times import time_text

__all__ = ["Options", "QueryValue", "merge_options", "parse_query"]

QueryValue = str | int | float | bool
O = TypeVar("O", bound="Options")  # noqa: E741 - conventional for a type variable


class Options(msgspec.Struct, kw_only=True, frozen=True):
    """Parameters of a request; None means that the server's default applies."""

    def check(self) -> None:
        """Raise `ConfigError` for values that cannot work together.

        Raises:
            ConfigError: what does not go together.
        """

    def pairs(self) -> list[tuple[str, str]]:
        """Return the query parameters in wire spelling; a list repeats its key."""
        return [pair for name in self.__struct_fields__ for pair in _spell(name, getattr(self, name))]

    def to_query(self, extra: Mapping[str, Any] | None = None) -> str:
        """Return the query string.

        Args:
            extra: parameters that this version does not know; they win over fields of the same name.

        Raises:
            ConfigError: a value that has no spelling.
        """
        extra = _checked_names(extra)
        try:
            pairs = [pair for pair in self.pairs() if pair[0] not in extra]
            for name, value in extra.items():
                pairs += _spell(name, value)
            return urlencode(pairs)
        except UnicodeEncodeError as error:
            raise ConfigError(f"cannot send text that is not Unicode: {error}") from error
        except RecursionError:
            raise ConfigError("cannot send a list or a mapping that is nested so deeply") from None


def _checked_names(extra: object) -> Mapping[str, Any]:
    if not extra:
        return {}
    if not isinstance(extra, Mapping) or not all(isinstance(name, str) for name in extra):
        raise ConfigError("extra_query must be a mapping of names to values")
    return extra


def _spell(name: str, value: Any) -> list[tuple[str, str]]:
    if value is None:
        return []
    if value is True or value is False:
        return [(name, "true" if value else "false")]
    if isinstance(value, enum.Enum):
        return _spell(name, value.value)
    if isinstance(value, (str, int, float)):
        return [(name, _text(name, value))]
    if isinstance(value, date):
        return [(name, time_text(value))]
    if isinstance(value, Mapping):
        return [(name, f"{_text(name, key)}:{text}") for key, item in value.items() for _, text in _spell(name, item)]
    if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray, memoryview)):
        return [pair for item in value for pair in _spell(name, item)]
    raise _unspelled(name, value)


def _text(name: str, value: object) -> str:
    if not isinstance(value, (str, int, float)):
        raise _unspelled(name, value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{name}: cannot send {value}, which is no number")
    try:
        return str(value)
    except ValueError:
        raise ConfigError(f"{name}: cannot send a number of so many digits") from None


def _unspelled(name: str, value: object) -> ConfigError:
    return ConfigError(f"{name}: cannot send a value of type {type(value).__name__}")


def merge_options(cls: type[O], options: O | None, params: Mapping[str, Any]) -> O:
    """Make one checked options struct of a struct and keywords; keywords win.

    Strings are accepted for numbers and flags, so that values read from the environment or a file need no conversion.

    Raises:
        ConfigError: an unknown name (with the nearest known one), a wrong type, or values that do not go together.
    """
    if options is not None and not isinstance(options, cls):
        raise ConfigError(f"options must be {cls.__name__}, not {type(options).__name__}")
    values = {name: getattr(options, name) for name in cls.__struct_fields__} if options is not None else {}
    for name, value in params.items():
        if name not in cls.__struct_fields__:
            near = difflib.get_close_matches(name, cls.__struct_fields__, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigError(f"unknown option {name!r}{hint} (extra_query= passes any parameter through)")
        values[name] = value
    try:
        merged = msgspec.convert(values, cls, strict=False)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise ConfigError(f"wrong option: {error}") from error
    merged.check()
    return merged


def parse_query(cls: type[O], query: str | bytes) -> tuple[O, dict[str, list[str]]]:
    """Read a query string: the server's side of `Options.to_query`.

    Returns:
        The options, and the parameters that they do not know.

    Raises:
        ConfigError: a value of the wrong form, or values that do not go together.
    """
    text = query.decode("utf-8", "replace") if isinstance(query, bytes) else query
    known: dict[str, Any] = {}
    unknown: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name not in cls.__struct_fields__:
            unknown.setdefault(name, []).append(value)
        elif name in known:
            earlier = known[name]
            known[name] = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
        else:
            known[name] = value
    return merge_options(cls, None, known), unknown
