"""Query parameters: read into an operation's options, and checked against the values that are documented."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...errors import ConfigError
from ...protocol.options import Options, parse_query
from ...protocol.rest.base import Operation
from ..answers import Refusal

__all__ = ["SELF_HOSTED_SCOPES", "read_query"]

SELF_HOSTED_SCOPES: Final = (
    "self-hosted:products",
    *(
        f"self-hosted:product:{product}"
        for product in ("api", "engine", "license-proxy", "dgtools", "billing", "hotpepper", "metrics-server")
    ),
)

_DEPLOYMENTS = ("hosted", "beta", "self-hosted")
_ENDPOINTS = ("listen", "read", "speak", "agent")
_METHODS = ("sync", "async", "streaming")
_USAGE = {"deployment": _DEPLOYMENTS, "endpoint": _ENDPOINTS, "method": _METHODS}
_MAX_LIMIT = 1000

_CHOICES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "manage.v1.keys.list": {"status": ("active", "expired")},
    "manage.v1.requests.list": {**_USAGE, "status": ("succeeded", "failed")},
    "manage.v1.usage.summary": _USAGE,
    "manage.v1.usage.breakdown": {
        **_USAGE,
        "grouping": ("accessor", "endpoint", "feature_set", "models", "method", "tags", "deployment"),
    },
    "manage.v1.billing.breakdown": {
        "deployment": (*_DEPLOYMENTS, "dedicated"),
        "grouping": ("accessor", "deployment", "line_item", "tags"),
    },
    "selfhosted.v1.credentials.create": {"provider": ("quay",), "scopes": SELF_HOSTED_SCOPES},
}


def read_query(operation: Operation[Any], query: bytes) -> Any:
    """Read a query string into an operation's options; parameters that it does not know are ignored.

    Raises:
        Refusal: a value of the wrong form, or outside of what is documented.
    """
    try:
        options, _ = parse_query(operation.query, query)
    except ConfigError as error:
        raise _invalid(str(error)) from error
    for name, choices in _CHOICES.get(operation.call, {}).items():
        for value in _listed(getattr(options, name)):
            if value not in choices:
                raise _invalid(f"{name} must be one of {', '.join(choices)}, not {value[:80]!r}")
    _check_pages(options)
    _check_period(options)
    return options


def _invalid(message: str) -> Refusal:
    return Refusal(400, "INVALID_QUERY_PARAMETER", f"Invalid query parameter: {message}")


def _listed(value: str | list[str] | None) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else value


def _check_pages(options: Options) -> None:
    limit, page = getattr(options, "limit", None), getattr(options, "page", None)
    if limit is not None and not 1 <= limit <= _MAX_LIMIT:
        raise _invalid(f"limit must be 1 to {_MAX_LIMIT}")
    if page is not None and page < 0:
        raise _invalid("page must not be negative")


def _check_period(options: Options) -> None:
    start, end = getattr(options, "start", None), getattr(options, "end", None)
    if start is not None and end is not None and start > end:
        raise _invalid("start must not be after end")
