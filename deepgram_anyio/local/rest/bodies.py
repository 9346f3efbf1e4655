"""JSON bodies of requests: read within bounds, and checked against what the operation takes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import Any, Final

import msgspec
from starlette.requests import Request

from ...errors import ConfigError
from ...protocol.rest.analysis import AnalyzeText, AnalyzeUrl
from ...protocol.rest.base import Operation
from ..answers import Refusal

__all__ = ["MAX_JSON_BYTES", "is_json", "read_body", "too_deep"]

MAX_JSON_BYTES: Final = 2_000_000
_MAX_DEPTH = 64


async def read_body(request: Request, operation: Operation[Any]) -> Any:
    """Return a request's JSON body as the operation's type; None when it has none, or one that is no JSON.

    Raises:
        Refusal: 400, 413 or 415.
        ClientDisconnect: the client went away.
    """
    special = _SPECIAL.get(operation.call)
    if operation.body is None and special is None:
        return None
    if operation.call == "listen.v1.transcribe_file" and not is_json(request):
        return None
    if request.headers.get("content-type") and not is_json(request):
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "The body has to be JSON: content-type application/json.")
    value = _decode(await _read(request), required=_has_required(operation.body))
    try:
        body = special(value) if special is not None else msgspec.convert(value, operation.body)
        check = getattr(body, "check", None)
        if check is not None:
            check()
    except (msgspec.ValidationError, ConfigError) as error:
        raise Refusal(400, "PAYLOAD_ERROR", f"The body does not fit: {error}") from error
    return body


def is_json(request: Request) -> bool:
    """Whether a request says that its body is JSON."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


async def _read(request: Request) -> bytes:
    too_large = Refusal(413, "PAYLOAD_TOO_LARGE", f"A JSON body has at most {MAX_JSON_BYTES} bytes.")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > MAX_JSON_BYTES:
        raise too_large
    data = bytearray()
    async with aclosing(request.stream()) as chunks:
        async for chunk in chunks:
            data += chunk
            if len(data) > MAX_JSON_BYTES:
                raise too_large
    return bytes(data)


def _decode(data: bytes, *, required: bool) -> Any:
    if not data and not required:
        return {}
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refusal(400, "INVALID_JSON", f"The body is no JSON: {error}") from error
    except RecursionError:
        raise _nested() from None
    if too_deep(value):
        raise _nested()
    return value


def _nested() -> Refusal:
    return Refusal(400, "INVALID_JSON", f"The body is nested more than {_MAX_DEPTH} levels deep.")


def too_deep(value: Any) -> bool:
    """Whether a JSON value is nested so deep that to write it out again might exhaust the stack."""
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [
            item
            for parent in level
            if isinstance(parent, (dict, list))
            for item in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return False
    return any(isinstance(item, (dict, list)) for item in level)


def _has_required(body: type[msgspec.Struct] | None) -> bool:
    return body is None or any(field.required for field in msgspec.structs.fields(body))


def _text_or_url(value: Any) -> AnalyzeText | AnalyzeUrl:
    given = [name for name in ("text", "url") if isinstance(value, dict) and value.get(name) is not None]
    if len(given) != 1:
        raise ConfigError("exactly one of text and url is needed")
    kind: type[AnalyzeText | AnalyzeUrl] = AnalyzeText if given == ["text"] else AnalyzeUrl
    return msgspec.convert(value, kind)


def _url(value: Any) -> AnalyzeUrl:
    return msgspec.convert(value, AnalyzeUrl)


_SPECIAL: Final[dict[str, Callable[[Any], Any]]] = {
    "listen.v1.transcribe_file": _url,
    "read.v1.analyze": _text_or_url,
}
"""Bodies of which an operation takes several forms."""
