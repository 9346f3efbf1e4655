"""What was asked of the server: the latest requests, for usage reports and for the bill."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import date, datetime, timezone
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from ...protocol.rest.usage import FeatureFilters, PeriodOptions, RequestInfo, RequestsOptions
from .accounts import Caller

__all__ = ["DEPLOYMENT", "FEATURES", "Entry", "History", "Used", "features_of"]

DEPLOYMENT: Final = "self-hosted"
"""What all requests are: nothing leaves this machine."""

FEATURES: Final = frozenset(
    name
    for name in FeatureFilters.__struct_fields__
    if name not in ("start", "end", "accessor", "deployment", "endpoint", "method", "model", "tag")
)
"""Names of the features that usage can be filtered by: those of the requests' parameters."""

_KEPT = 10_000


class Used(msgspec.Struct, kw_only=True):
    """What a call used, for the history of requests and for the bill. A handler fills it in.

    Attributes:
        model: canonical name of the model.
        audio_s: length of the audio, in seconds.
        channels: of it that were transcribed.
        characters: spoken.
        tokens_in: read by language models.
        tokens_out: written by language models.
        callback: URL that the result goes to.
    """

    model: str | None = None
    audio_s: float = 0.0
    channels: int = 1
    characters: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    callback: str | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was answered, or a stream that ended.

    Attributes:
        request_id: its identifier.
        project_id: the project that it was made for.
        api_key_id: the key that it was made with.
        created: when it came, in UTC.
        path: the route, with the query.
        endpoint: ``listen``, ``speak``, ``read`` or ``agent``.
        method: ``sync``, ``async`` (with a callback) or ``streaming``.
        code: HTTP status.
        used: what it used.
        tags: its labels.
        features: names of the features that it used.
        language: as it was asked for; None for the default.
    """

    request_id: str
    project_id: str
    api_key_id: str
    created: datetime
    path: str
    endpoint: str
    method: str
    code: int
    used: Used
    tags: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    language: str | None = None

    @property
    def day(self) -> date:
        """The day it was made on, in UTC."""
        return self.created.date()

    @property
    def line_item(self) -> str:
        """What it is on the bill."""
        return f"{self.method}::{self.used.model or self.endpoint}"

    def info(self) -> RequestInfo:
        """Return it as the API tells it."""
        used = self.used
        details: dict[str, Any] = {
            "usd": 0.0,
            "duration": used.audio_s,
            "channels": used.channels,
            "method": self.method,
            "models": [used.model] if used.model else [],
            "tags": list(self.tags),
            "features": list(self.features),
            "characters": used.characters,
            "tokens_in": used.tokens_in,
            "tokens_out": used.tokens_out,
        }
        status = "succeeded" if self.code < 400 else "failed"
        return RequestInfo(
            request_id=self.request_id,
            project_uuid=self.project_id,
            created=self.created,
            path=self.path,
            api_key_id=self.api_key_id,
            accessor=self.api_key_id,
            response={"code": self.code, "status": status, "details": details},
            code=self.code,
            deployment=DEPLOYMENT,
            callback=used.callback,
        )


class History:
    """The latest requests, 10,000 at most."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_KEPT)

    def record(
        self,
        caller: Caller,
        *,
        request_id: str,
        created: datetime,
        path: str,
        query: bytes,
        streaming: bool,
        code: int,
        used: Used,
        tags: Iterable[str] = (),
    ) -> None:
        """Note a request of speech, text or an agent.

        Args:
            caller: who made it.
            request_id: its identifier.
            created: when it came.
            path: the route, without the query.
            query: the query string as it came.
            streaming: over a socket.
            code: HTTP status.
            used: what it used.
            tags: labels besides those of the query.
        """
        text = query.decode("ascii", "replace")
        named = parse_qsl(text)
        parameters = dict(named)
        if used.model is None and "model" in parameters:
            used = msgspec.structs.replace(used, model=parameters["model"])
        self._entries.append(
            Entry(
                request_id=request_id,
                project_id=caller.project_id,
                api_key_id=caller.api_key_id,
                created=created.astimezone(timezone.utc),
                path=f"{path}?{text}" if text else path,
                endpoint=path.split("/")[2],
                method="streaming" if streaming else "async" if used.callback else "sync",
                code=code,
                used=used,
                tags=tuple(dict.fromkeys([*tags, *(value for name, value in named if name == "tag")])),
                features=features_of(parameters),
                language=parameters.get("language"),
            )
        )

    def requests(self, project_id: str, options: RequestsOptions) -> list[Entry]:
        """Return the requests that fit, the latest first, without regard to pages."""
        return [entry for entry in reversed(self._entries) if _fits(entry, project_id, options)]

    def find(self, project_id: str, request_id: str) -> Entry | None:
        """Return one request; None when it is not known, or not any more."""
        mine = (entry for entry in self._entries if entry.project_id == project_id)
        return next((entry for entry in mine if entry.request_id == request_id), None)

    def used(self, project_id: str, options: PeriodOptions) -> list[Entry]:
        """Return the requests of a period that pass its filters, the oldest first; failed ones used nothing."""
        flags = {name: wish for name in FEATURES if (wish := getattr(options, name, None)) is not None}
        return [
            entry
            for entry in self._entries
            if entry.project_id == project_id
            and entry.code < 400
            and _within(entry, options)
            and _counts(entry, options)
            and all(wish == (name in entry.features) for name, wish in flags.items())
        ]


def features_of(parameters: dict[str, str]) -> tuple[str, ...]:
    """Return the names of the features that some query parameters ask for, in order."""
    return tuple(
        sorted(name for name, value in parameters.items() if name in FEATURES and value.lower() not in ("", "false"))
    )


def _fits(entry: Entry, project_id: str, options: RequestsOptions) -> bool:
    wanted: Iterable[tuple[str, str | None]] = (
        (project_id, entry.project_id),
        (entry.api_key_id, options.accessor),
        (entry.request_id, options.request_id),
        (DEPLOYMENT, options.deployment),
        (entry.endpoint, options.endpoint),
        (entry.method, options.method),
        ("succeeded" if entry.code < 400 else "failed", options.status),
    )
    if any(wish is not None and found != wish for found, wish in wanted):
        return False
    if options.start is not None and entry.created < options.start:
        return False
    return options.end is None or entry.created <= options.end


def _within(entry: Entry, options: PeriodOptions) -> bool:
    return (options.start is None or entry.day >= options.start) and (options.end is None or entry.day <= options.end)


def _counts(entry: Entry, options: PeriodOptions) -> bool:
    wanted: list[tuple[str | None, str | None]] = [
        (entry.api_key_id, getattr(options, "accessor", None)),
        (DEPLOYMENT, getattr(options, "deployment", None)),
        (entry.endpoint, getattr(options, "endpoint", None)),
        (entry.method, getattr(options, "method", None)),
        (entry.used.model, getattr(options, "model", None)),
        (entry.line_item, getattr(options, "line_item", None)),
    ]
    if any(wish is not None and found != wish for found, wish in wanted):
        return False
    tag: str | None = getattr(options, "tag", None)
    return tag is None or tag in entry.tags
