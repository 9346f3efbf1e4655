"""What a project used: its requests, one by one, and sums over them."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec

from ...protocol.rest.operations import operation
from ...protocol.rest.usage import (
    PeriodOptions,
    RequestDetails,
    RequestInfo,
    RequestPage,
    RequestsOptions,
    Usage,
    UsageBreakdown,
    UsageBreakdownOptions,
    UsageFields,
    UsageOptions,
)
from ..backend import Backend, CallParams, split_params

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["PeriodParams", "ProjectUsage", "Requests", "RequestsParams", "UsageBreakdownParams", "UsageParams"]

_PAGE = 100


class RequestsParams(CallParams, total=False):
    """The fields of `RequestsOptions` as keywords, for type checkers and editors."""

    start: dt.datetime | str | None
    end: dt.datetime | str | None
    limit: int | None
    page: int | None
    accessor: str | None
    request_id: str | None
    deployment: str | None
    endpoint: str | None
    method: str | None
    status: str | None


class PeriodParams(CallParams, total=False):
    """The fields of `PeriodOptions` as keywords, for type checkers and editors."""

    start: dt.date | str | None
    end: dt.date | str | None


class UsageParams(PeriodParams, total=False):
    """The fields of `UsageOptions` as keywords, for type checkers and editors."""

    accessor: str | None
    deployment: str | None
    endpoint: str | None
    method: str | None
    model: str | None
    tag: str | None
    alternatives: bool | None
    callback_method: bool | None
    callback: bool | None
    channels: bool | None
    custom_intent_mode: bool | None
    custom_intent: bool | None
    custom_topic_mode: bool | None
    custom_topic: bool | None
    detect_entities: bool | None
    detect_language: bool | None
    diarize: bool | None
    dictation: bool | None
    encoding: bool | None
    extra: bool | None
    filler_words: bool | None
    intents: bool | None
    keyterm: bool | None
    keywords: bool | None
    language: bool | None
    measurements: bool | None
    multichannel: bool | None
    numerals: bool | None
    paragraphs: bool | None
    profanity_filter: bool | None
    punctuate: bool | None
    redact: bool | None
    replace: bool | None
    sample_rate: bool | None
    search: bool | None
    sentiment: bool | None
    smart_format: bool | None
    summarize: bool | None
    topics: bool | None
    utt_split: bool | None
    utterances: bool | None
    version: bool | None


class UsageBreakdownParams(UsageParams, total=False):
    """The fields of `UsageBreakdownOptions` as keywords, for type checkers and editors."""

    grouping: str | None


class Requests:
    """The requests that a project made."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def list(
        self, project_id: str, options: RequestsOptions | None = None, **params: Unpack[RequestsParams]
    ) -> RequestPage:
        """Get one page of a project's requests, the latest first.

        Args:
            project_id: the project.
            options: parameters in a struct.
            **params: parameters by name, which win over `options`; and see `CallParams`.

        Raises:
            ConfigError: an unknown parameter, one of the wrong type, or a time without a zone.
        """
        query, call = split_params(RequestsOptions, options, params)
        return await self._page(project_id, query, call)

    def iterate(
        self, project_id: str, options: RequestsOptions | None = None, **params: Unpack[RequestsParams]
    ) -> AsyncIterator[RequestInfo]:
        """Iterate over a project's requests, the latest first, page after page.

        A page is asked for when its first entry is wanted, and nothing is open between two pages, so that the
        iteration can be left at any time. After an error or a cancellation it can be gone on with: the same page is
        asked for again. A request that new ones pushed on to the next page is not given twice.

        Args:
            project_id: the project.
            options: parameters in a struct.
            **params: parameters by name, which win over `options`: `limit` is how many entries to ask for at once, 1
                to 1000, by default 100; `page` is where to begin. And see `CallParams`; `timeout` counts for each page.

        Returns:
            the requests, one after the other.

        Raises:
            ConfigError: as for `list`. The iteration raises what `list` raises.
        """
        query, call = split_params(RequestsOptions, options, params)
        if query.limit is None:
            query = msgspec.structs.replace(query, limit=_PAGE)

        def fetch(page: int) -> Awaitable[RequestPage]:
            return self._page(project_id, msgspec.structs.replace(query, page=page), call)

        return _Pages(fetch, query.page or 0)

    async def get(self, project_id: str, request_id: str, **call: Unpack[CallParams]) -> RequestDetails:
        """Get one request.

        Args:
            project_id: the project.
            request_id: the ``dg-request-id`` that it was answered with.
            **call: see `CallParams`.
        """
        return await self._backend.call(
            operation("manage.v1.requests.get"),
            call,
            returns=RequestDetails,
            fields={"project_id": project_id, "request_id": request_id},
        )

    async def _page(self, project_id: str, query: RequestsOptions, call: CallParams) -> RequestPage:
        return await self._backend.call(
            operation("manage.v1.requests.list"),
            call,
            returns=RequestPage,
            fields={"project_id": project_id},
            query=query,
        )


class _Pages(AsyncIterator[RequestInfo]):
    """The entries of all pages. No generator, as one that is left early waits for the garbage collector."""

    def __init__(self, fetch: Callable[[int], Awaitable[RequestPage]], first: int) -> None:
        self._fetch = fetch
        self._next: int | None = first
        self._before: set[str] = set()
        self._waiting: deque[RequestInfo] = deque()

    async def __anext__(self) -> RequestInfo:
        if not self._waiting and self._next is not None:
            await self._turn(self._next)
        if not self._waiting:
            raise StopAsyncIteration
        return self._waiting.popleft()

    async def _turn(self, number: int) -> None:
        page = await self._fetch(number)
        known, self._before = self._before, {_key(entry) for entry in page}
        if not page or _key(page[-1]) in known:  # the latter: the server does not heed the number
            self._next = None
            return
        self._waiting.extend(entry for entry in page if _key(entry) not in known)
        # Only the limit that the server reports tells a last page: it may allow fewer entries than were asked for.
        self._next = None if page.limit is not None and len(page) < page.limit else number + 1


def _key(entry: RequestInfo) -> str:
    return entry.request_id or entry.to_json()


class ProjectUsage:
    """What a project used, in sum."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def summary(
        self, project_id: str, options: UsageOptions | None = None, **params: Unpack[UsageParams]
    ) -> Usage:
        """Sum up what a project used in a period.

        Args:
            project_id: the project.
            options: parameters in a struct.
            **params: parameters by name, which win over `options`; and see `CallParams`.

        Raises:
            ConfigError: an unknown parameter, or one of the wrong type: `start` and `end` are dates, not datetimes.
        """
        query, call = split_params(UsageOptions, options, params)
        return await self._backend.call(
            operation("manage.v1.usage.summary"), call, returns=Usage, fields={"project_id": project_id}, query=query
        )

    async def fields(
        self, project_id: str, options: PeriodOptions | None = None, **params: Unpack[PeriodParams]
    ) -> UsageFields:
        """List what `summary` and `breakdown` can filter by.

        Args:
            project_id: the project.
            options: parameters in a struct.
            **params: parameters by name, which win over `options`; and see `CallParams`.

        Raises:
            ConfigError: as for `summary`.
        """
        query, call = split_params(PeriodOptions, options, params)
        return await self._backend.call(
            operation("manage.v1.usage.fields"),
            call,
            returns=UsageFields,
            fields={"project_id": project_id},
            query=query,
        )

    async def breakdown(
        self, project_id: str, options: UsageBreakdownOptions | None = None, **params: Unpack[UsageBreakdownParams]
    ) -> UsageBreakdown:
        """Sum up what a project used in a period, group by group.

        Args:
            project_id: the project.
            options: parameters in a struct.
            **params: parameters by name, which win over `options`; and see `CallParams`.

        Raises:
            ConfigError: as for `summary`.
        """
        query, call = split_params(UsageBreakdownOptions, options, params)
        return await self._backend.call(
            operation("manage.v1.usage.breakdown"),
            call,
            returns=UsageBreakdown,
            fields={"project_id": project_id},
            query=query,
        )
