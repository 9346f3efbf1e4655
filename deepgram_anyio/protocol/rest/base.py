"""What all REST calls have in common: an operation's description, and what every answer can do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Generic, TypeVar
from urllib.parse import quote

import msgspec

from ...errors import ConfigError
from ..messages import Data
from ..options import Options
from ..times import time_text

__all__ = [
    "Confirmation",
    "Listing",
    "NoOptions",
    "Operation",
    "RawResponse",
    "Record",
    "Response",
    "explicit_list",
    "make_body",
]

R_co = TypeVar("R_co", covariant=True)
B = TypeVar("B", bound="Record")
T = TypeVar("T")


def explicit_list() -> list[Any]:
    """Default of lists that are always written out, empty or not."""
    return []


def _with_time_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_time_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_time_text(item) for item in value]
    return time_text(value) if isinstance(value, date) else value


class Record(Data, gc=True, kw_only=True):
    """A part of an answer. Fields that the server left out are None; fields that we do not know are ignored."""

    def to_dict(self) -> dict[str, Any]:
        """Return the wire form as plain dicts, lists, strings and numbers, without absent fields."""
        result: dict[str, Any] = _with_time_text(msgspec.to_builtins(self, builtin_types=(datetime, date)))
        return result

    def to_json(self) -> str:
        """Return the wire form as a JSON text."""
        return msgspec.json.encode(self.to_dict()).decode()


class RawResponse(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP answer as it came.

    Attributes:
        status: HTTP status code.
        headers: with lower-case names.
        content: the body; empty where it was streamed.
        attempts: requests that it took, retries included.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    attempts: int = 1

    def json(self) -> Any:
        """Return the body as plain data, with everything that the server said.

        Raises:
            msgspec.DecodeError: the body is not JSON.
        """
        return msgspec.json.decode(self.content)


class Response(Record, kw_only=True, dict=True):
    """An answer. What the server said beyond the fields stands in `raw_response`."""

    @property
    def raw_response(self) -> RawResponse | None:
        """The HTTP answer that this was read from; None for a part of an answer, and for one made by hand."""
        raw: RawResponse | None = self.__dict__.get("raw_response")
        return raw

    @property
    def request_id(self) -> str | None:
        """The answer's ``dg-request-id``, to quote to support; None when there was none."""
        raw = self.raw_response
        return None if raw is None else raw.headers.get("dg-request-id")

    def attach(self, raw: RawResponse) -> None:
        """Note the HTTP answer that this was read from.

        Args:
            raw: the answer, with its status and headers.
        """
        vars(self)["raw_response"] = raw


class Listing(Response, Generic[T], kw_only=True):
    """An answer that is a list: iterate over it, index it, take its length."""

    _items: ClassVar[str]

    @property
    def items(self) -> list[T]:
        """The list; empty when the server sent none."""
        found: list[T] | None = getattr(self, self._items)
        return found or []

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> T:
        return self.items[index]


class Confirmation(Response, kw_only=True):
    """The server did what it was told; some calls answer with a message, others with nothing."""

    message: str | None = None


def make_body(cls: type[B], /, **values: Any) -> B:
    """Make a JSON body of a call's arguments.

    Raises:
        ConfigError: an argument of the wrong type, or out of its range.
    """
    try:
        return msgspec.convert(values, cls)
    except msgspec.ValidationError as error:
        raise ConfigError(f"wrong argument: {error}") from error


class NoOptions(Options, frozen=True, kw_only=True):
    """The query of an operation that has none."""


_FIELD = re.compile(r"{(\w+)}")


class Operation(msgspec.Struct, Generic[R_co], frozen=True, kw_only=True, eq=False):
    """A REST call: where it goes, what it takes, what it gives.

    Attributes:
        call: how it is called on a client, without the arguments: ``manage.v1.projects.list``.
        method: HTTP method.
        path: with fields in braces, such as ``/v1/projects/{project_id}``.
        returns: type of the answer.
        query: type of the query parameters.
        body: type of the JSON body; None for none, or for one that is no JSON.
        agent_host: on the voice agent's host.
    """

    call: str
    method: str
    path: str
    returns: type[R_co]
    query: type[Options] = NoOptions
    body: type[msgspec.Struct] | None = None
    agent_host: bool = False

    @property
    def fields(self) -> list[str]:
        """Names of the path's fields."""
        return _FIELD.findall(self.path)

    def fill(self, fields: Mapping[str, str]) -> str:
        """Return the path with its fields filled in.

        Raises:
            ConfigError: a value that cannot stand in a path.
        """
        return _FIELD.sub(lambda found: _segment(found[1], fields[found[1]]), self.path)


def _segment(name: str, value: object) -> str:
    if not isinstance(value, str) or value.strip(".") == "" or value.strip() != value:
        raise ConfigError(f"{name} must be a non-empty string without blanks around it, not {value!r}")
    try:
        return quote(value, safe="@:")
    except UnicodeEncodeError as error:
        raise ConfigError(f"{name} is not Unicode text") from error
