"""Keeping credentials out of recordings."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import msgspec

__all__ = ["REDACTED", "kept_headers", "scrubbed", "scrubbed_bytes", "scrubbed_query", "secrets_of"]

REDACTED: Final = "REDACTED"
"""What stands in a recording where a credential was."""

_NAMES = re.compile(
    r"(authorization|credentials?|password|passwd|(x-)?(api[-_]?)?key|((access|session|auth|refresh|id)[-_]?)?token"
    r"|(.*[-_])?secret([-_].*)?|(.*[-_])?access[-_]?key([-_]id)?)",
    re.IGNORECASE,
)
_IN_A_URL = re.compile(r"(?<=://)[^/?#@\s\"]+(?=@)")
_MIN_CHARS = 4
_UNDECODABLE = (msgspec.DecodeError, RecursionError, UnicodeError)


def secrets_of(headers: Mapping[str, str]) -> frozenset[str]:
    """Return the credentials in a request's headers, which have lower-case names."""
    found = [headers.get("authorization", "").partition(" ")[2], *_items(headers.get("sec-websocket-protocol", ""))]
    found += [value for name, value in headers.items() if _NAMES.fullmatch(name) and name != "authorization"]
    return frozenset(value.strip() for value in found if len(value.strip()) >= _MIN_CHARS) - {"token", "bearer"}


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of an answer that are worth keeping, and harmless."""
    return {
        name: value
        for name, value in headers.items()
        if name.startswith("dg-") or name in ("content-type", "retry-after")
    }


def scrubbed(text: str, secrets: Collection[str] = (), *, named: bool = True) -> str:
    """Return a message without credentials; one that has none stays as it is, byte for byte.

    Args:
        text: the message.
        secrets: what must not be in it, wherever it stands.
        named: also replace, in JSON, the values of fields that are called like credentials.
    """
    if named:
        text = _without_named(text)
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    return text


def scrubbed_bytes(data: bytes, secrets: Collection[str] = ()) -> bytes:
    """Return a binary message without credentials, of the same length."""
    for secret in secrets:
        raw = secret.encode()
        data = data.replace(raw, b"*" * len(raw))
    return data


def scrubbed_query(query: str, secrets: Collection[str] = ()) -> str:
    """Return a query string without credentials; one that has none stays as it is."""
    pairs = parse_qsl(query, keep_blank_values=True)
    clean = [
        (name, REDACTED if _NAMES.fullmatch(name) else scrubbed(_clean_url(value), secrets)) for name, value in pairs
    ]
    return query if clean == pairs else urlencode(clean)


def _without_named(text: str) -> str:
    try:
        value = msgspec.json.decode(text)
        clean = _clean(value)
    except _UNDECODABLE:
        return text
    return text if clean == value else msgspec.json.encode(clean).decode()


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _clean_field(name, item) for name, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return _clean_url(value) if isinstance(value, str) else value


def _clean_field(name: str, value: Any) -> Any:
    if not _NAMES.fullmatch(name) or value is None or isinstance(value, bool):
        return _clean(value)
    if isinstance(value, dict):
        return {field: _clean_field("secret", item) for field, item in value.items()}
    return REDACTED


def _clean_url(text: str) -> str:
    return _IN_A_URL.sub(REDACTED, text)


def _items(value: str) -> list[str]:
    return [item.strip() for item in value.split(",")]
