"""Request headers that callers bring along, checked before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeAlias

from ..errors import ConfigError

__all__ = ["HeaderSource", "checked_headers"]

HeaderSource: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x21-\x7e\x80-\xff]([\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?")


def checked_headers(headers: HeaderSource | None, *, reserved: Collection[str]) -> list[tuple[str, str]]:
    """Return headers as pairs.

    Args:
        headers: what the caller brought.
        reserved: names, in lower case, that are not the caller's to set.

    Raises:
        ConfigError: these are no headers, or one is not valid in HTTP (RFC 9110, 5.5), or reserved. The text shows no
            values.
    """
    pairs = _pairs(headers)
    for name, value in pairs:
        if not isinstance(name, str) or not _TOKEN.fullmatch(name):
            raise ConfigError("a header's name is not a valid HTTP token")
        if not isinstance(value, str) or (value and not _VALUE.fullmatch(value)):
            raise ConfigError(f"the value of header {name} has characters that HTTP does not allow")
        if name.lower() in reserved:
            raise ConfigError(f"header {name} belongs to the connection")
    return pairs


def _pairs(headers: Any) -> list[tuple[Any, Any]]:
    try:
        return [(name, value) for name, value in (headers.items() if isinstance(headers, Mapping) else headers or ())]
    except (TypeError, ValueError):
        raise ConfigError("headers must be a mapping, or pairs of a name and a value") from None
