"""What a v4 call says, as the native client takes it: where it goes, its query, its body, its deadlines."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, Iterable, Mapping
from os import PathLike
from typing import Any, NamedTuple, TypeAlias, TypeVar
from urllib.parse import parse_qsl, urlsplit

import httpx

from ...errors import ConfigError, RemoteProtocolError
from ...protocol.rest.base import Operation, RawResponse
from ...protocol.rest.operations import operation
from ...protocol.rest.urls import is_url
from ...transport.bodies import Body
from ...transport.settings import Timeouts
from .base import BaseOptions, BaseResponse
from .errors import DeepgramError, DeepgramTypeError

__all__ = [
    "Addons",
    "Arguments",
    "Headers",
    "Route",
    "Timeout",
    "answer_as",
    "deadlines",
    "json_body",
    "json_source",
    "media_body",
    "merged_query",
    "origin",
    "request_body",
    "text_of",
    "to_endpoint",
    "to_operation",
    "to_url",
    "wire_options",
]

R = TypeVar("R", bound=BaseResponse)

Timeout: TypeAlias = httpx.Timeout | float | None
"""Seconds for each phase of a request, as for httpx; None for the native client's own deadlines."""
Addons: TypeAlias = Mapping[str, Any] | None
"""Query parameters beside the options."""
Headers: TypeAlias = Mapping[str, str] | None
"""Request headers of one call."""
Arguments: TypeAlias = dict[str, Any]
"""A call's remaining keywords, most of which are those of ``httpx.Client.request``."""

_BODIES = ("content", "data", "files", "json")
_PORTS = {"http": 80, "https": 443}


class Route(NamedTuple):
    """Where a call goes.

    Attributes:
        operation: method and path.
        fields: what stands in the path's braces.
        query: what stands in the URL's own query.
        base_url: another server than the configured one; None for that one.
    """

    operation: Operation[Any]
    fields: Mapping[str, str]
    query: Mapping[str, Any]
    base_url: str | None = None


def to_operation(call: str, **fields: str) -> Route:
    """Return the way to a REST call that the native client has, too; see `operation`."""
    return Route(operation(call), fields, {})


def to_endpoint(method: str, endpoint: str) -> Route:
    """Return the way to an endpoint of the configured server, such as ``v1/listen``."""
    if not isinstance(endpoint, str):
        raise DeepgramTypeError(f"endpoint must be a str, not {type(endpoint).__name__}")
    path, _, query = endpoint.partition("?")
    return Route(_operation(method, f"/{path.lstrip('/')}"), {}, _parsed(query))


def to_url(method: str, url: str) -> Route:
    """Return the way to any URL.

    Raises:
        DeepgramTypeError: it is no text.
        ConfigError: it is no absolute HTTP URL, or has credentials in it.
    """
    if not isinstance(url, str):
        raise DeepgramTypeError(f"url must be a str, not {type(url).__name__}")
    try:
        parts = urlsplit(url)
        usable = is_url(url) and parts.hostname and parts.username is None and parts.password is None
    except ValueError as error:
        raise ConfigError("url is not a URL") from error
    if not usable:
        raise ConfigError("url must be an absolute http(s) URL, without credentials in it")
    return Route(_operation(method, parts.path), {}, _parsed(parts.query), f"{parts.scheme}://{parts.netloc}")


def _operation(method: str, path: str) -> Operation[Any]:
    # Braces mark fields, and here there are none.
    path = path.replace("{", "%7B").replace("}", "%7D")
    return Operation(call="", method=method, path=path, returns=RawResponse)


def _parsed(query: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        found.setdefault(name, []).append(text)
    return found


def origin(url: str) -> tuple[str, str, int | None]:
    """Return what tells servers apart: scheme, host and port.

    Raises:
        ConfigError: the port is none.
    """
    try:
        parts = urlsplit(url)
        return parts.scheme.lower(), parts.hostname or "", parts.port or _PORTS.get(parts.scheme.lower())
    except ValueError as error:
        raise ConfigError("url is not a URL") from error


def wire_options(options: object) -> dict[str, Any]:
    """Return a call's options as plain data; the caller's own object stays as it is.

    Raises:
        DeepgramTypeError: they are neither a mapping nor an options object.
        DeepgramError: their own ``check()`` refused them.
    """
    if options is None:
        return {}
    if isinstance(options, Mapping):
        return dict(options)
    if not isinstance(options, BaseResponse):
        raise DeepgramTypeError(f"options must be a dict or an options object, not {type(options).__name__}")
    if isinstance(options, BaseOptions) and not options.check():
        raise DeepgramError(f"{type(options).__name__}.check() refused the options")
    return options.to_dict()


def merged_query(*parts: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return one query of several: of what they share, a list is added to what came before, anything else replaces it.

    Raises:
        DeepgramTypeError: one is no mapping.
    """
    merged: dict[str, Any] = {}
    for part in parts:
        if part is not None and not isinstance(part, Mapping):
            raise DeepgramTypeError(f"addons must be a dict, not {type(part).__name__}")
        for name, value in (part or {}).items():
            before = merged.get(name)
            if isinstance(value, list) and before is not None:
                merged[name] = [*(before if isinstance(before, list) else [before]), *value]
            elif value is not None:
                merged[name] = value
    return merged


def deadlines(timeout: Timeout | Timeouts) -> Timeouts | None:
    """Return a call's deadlines; None where the client's own apply.

    Raises:
        DeepgramTypeError: it is neither a number nor a `httpx.Timeout`.
    """
    if timeout is None or isinstance(timeout, Timeouts):
        return timeout
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float, tuple, httpx.Timeout)):
        raise DeepgramTypeError(f"timeout must be seconds or a httpx.Timeout, not {type(timeout).__name__}")
    phases = httpx.Timeout(timeout)
    return Timeouts(connect_s=phases.connect, send_s=phases.write, read_s=phases.read, pool_s=phases.pool)


def json_body(value: object) -> Body:
    """Return a JSON body.

    Raises:
        DeepgramTypeError: JSON cannot say it.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=wire_options)
        return Body(text.encode(), content_type="application/json")
    except (RecursionError, TypeError, ValueError) as error:
        raise DeepgramTypeError(f"cannot be sent as JSON: {error}") from error


def request_body(arguments: Arguments) -> Body | None:
    """Take what httpx makes a body of, ``content``, ``data``, ``files`` and ``json``, out of a call's keywords.

    Raises:
        DeepgramTypeError: no body can be made of it.
    """
    given = {name: arguments.pop(name) for name in _BODIES if arguments.get(name) is not None}
    if not given:
        return None
    if list(given) == ["json"]:
        return json_body(given["json"])
    if "data" in given and not isinstance(given["data"], Mapping):
        given["content"] = given.pop("data")  # httpx takes both, and warns
    content = given.get("content")
    if list(given) == ["content"] and not isinstance(content, str):
        return Body(_readable(content, "content")) if content else None
    try:
        built = httpx.Request("POST", "http://localhost", **given)
        return Body(built.read(), content_type=built.headers.get("content-type", "application/octet-stream"))
    except (RuntimeError, TypeError, ValueError) as error:
        raise DeepgramTypeError(f"no body can be made of {', '.join(given)}: {error}") from error


def json_source(source: object, name: str, what: str) -> dict[str, Any]:
    """Return a source that goes out as JSON, such as ``{"url": ...}``; the bare text will do, too.

    Args:
        source: what the caller gave.
        name: what it must hold, ``url`` or ``text``.
        what: what it is for, for the error.

    Raises:
        DeepgramTypeError: it is no such source.
    """
    if isinstance(source, str):
        source = {name: source}
    if not isinstance(source, Mapping) or not isinstance(source.get(name), str):
        raise DeepgramTypeError(f"Unknown {what} source type: it must be like {{{name!r}: ...}}")
    return dict(source)


def media_body(source: object) -> Body:
    """Return the body of a recording.

    Args:
        source: a path, a binary file, bytes, an iterable or async iterable of bytes; or ``{"buffer": bytes}``, or
            ``{"stream": ...}`` with any of those.

    Raises:
        DeepgramTypeError: it is no such source.
    """
    if isinstance(source, Mapping):
        name = next((name for name in ("buffer", "stream") if name in source), None)
        if name is None or isinstance(source[name], str):
            raise DeepgramTypeError("Unknown transcription source type: it must be like {'buffer': bytes}")
        source = source[name]
    if is_url(source):
        raise DeepgramTypeError("that is a URL, not a file: use transcribe_url, which lets the server fetch it")
    return Body(_readable(source, "transcription source"))


def _readable(source: Any, what: str) -> Any:
    if isinstance(source, Mapping) or not (
        isinstance(source, (str, PathLike, Iterable, AsyncIterable)) or hasattr(source, "read")
    ):
        raise DeepgramTypeError(f"Unknown {what} type: {type(source).__name__}")
    return source


def text_of(raw: RawResponse) -> str:
    """Return an answer's body as text, by the character set that it names."""
    headers = {"content-type": raw.headers.get("content-type", "")}
    return httpx.Response(raw.status, headers=headers, content=raw.content).text


def answer_as(returns: type[R], raw: RawResponse) -> R:
    """Return an answer as a v4 class.

    Raises:
        RemoteProtocolError: it is no JSON object.
    """
    try:
        return returns.from_json(raw.content or b"{}")
    except (RecursionError, ValueError) as error:
        request_id = raw.headers.get("dg-request-id")
        raise RemoteProtocolError(f"the answer is no {returns.__name__}: {error} (request {request_id})") from error
