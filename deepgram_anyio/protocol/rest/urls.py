"""Addresses that a request names: of recordings and texts to fetch, and of callbacks."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ...errors import ConfigError

__all__ = ["check_callback", "check_url", "is_url"]

# Blanks and control characters: a parser would drop some of them in silence.
_UNUSABLE = re.compile(r"[\s\x00-\x20\x7f]")


def is_url(text: object) -> bool:
    """Whether something looks like an HTTP URL, usable or not."""
    return isinstance(text, str) and text.lstrip()[:8].lower().startswith(("http://", "https://"))


def check_url(name: str, url: object) -> None:
    """Raise `ConfigError` unless it is an absolute HTTP URL.

    Args:
        name: what it is called there.
        url: the URL.
    """
    if not isinstance(url, str):
        raise ConfigError(f"{name} must be an http(s) URL, not {type(url).__name__}")
    try:
        host = urlsplit(url).hostname
    except ValueError as error:
        raise ConfigError(f"{name} is not a URL: {error}") from error
    if _UNUSABLE.search(url) or not is_url(url) or not host:
        # It may hold a signature or a password, and so is not repeated.
        raise ConfigError(f"{name} must be an absolute http(s) URL without blanks")


def check_callback(callback: str | None, method: str | None) -> None:
    """Raise `ConfigError` for a callback that cannot work.

    Args:
        callback: its URL.
        method: HTTP method to call it with.
    """
    if callback is not None:
        check_url("callback", callback)
    if method not in (None, "POST", "PUT"):
        raise ConfigError(f"callback_method must be POST or PUT, not {method!r}")
