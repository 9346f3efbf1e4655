"""All requests of a project, page after page: each once, and an end whatever the server does."""

from __future__ import annotations

import gc
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.errors import ConfigError, PermissionDeniedError
from deepgram_anyio.protocol.options import parse_query
from deepgram_anyio.protocol.rest.usage import RequestInfo, RequestPage, RequestsOptions
from deepgram_anyio.services.backend import Backend
from deepgram_anyio.services.manage.usage import Requests
from deepgram_anyio.transport.credentials import Credentials

from ..protocol import steady
from ..rest_peer import Asked, Reply, RestPeer, json_reply, rest_peer

pytestmark = pytest.mark.anyio

T = TypeVar("T")


@dataclass
class History:
    """A server's requests, the latest first, and how it cuts them into pages.

    Attributes:
        entries: identifiers of the requests.
        cap: the most that it puts on a page.
        reports: whether it says so.
        heeds: whether it takes notice of the page's number.
        arrivals: how many new requests come before each page but the first.
    """

    entries: Sequence[str]
    cap: int = 1000
    reports: bool = True
    heeds: bool = True
    arrivals: int = 0
    asked: list[RequestsOptions] = field(default_factory=list)

    def page(self, query: RequestsOptions) -> RequestPage:
        new = [f"new-{index}" for index in reversed(range(len(self.asked) * self.arrivals))]
        self.asked.append(query)
        limit = min(query.limit or 10, self.cap)
        begin = (query.page or 0) * limit if self.heeds else 0
        found = [*new, *self.entries][begin : begin + limit]
        return RequestPage(
            page=query.page if self.reports else None,
            limit=limit if self.reports else None,
            requests=[RequestInfo(request_id=entry) for entry in found],
        )

    def reply(self, asked: Asked) -> Reply:
        assert asked.path == "/v1/projects/p/requests"
        query, unknown = parse_query(RequestsOptions, asked.target.partition("?")[2])
        assert unknown == {}
        return json_reply(self.page(query).to_dict())

    async def call(self, *_: Any, query: RequestsOptions, **__: Any) -> RequestPage:
        """Stands in for `Backend.call`."""
        return self.page(query)

    @property
    def requests(self) -> Requests:
        return Requests(cast("Backend", self))


def names(count: int) -> list[str]:
    return [f"r-{index}" for index in range(count)]


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run what never has to wait."""
    with pytest.raises(StopIteration) as ended:
        coroutine.send(None)
    result: T = ended.value.value
    return result


async def identifiers(entries: AsyncIterator[RequestInfo]) -> list[str | None]:
    return [entry.request_id async for entry in entries]


@asynccontextmanager
async def running(answers: Callable[[Asked], Any]) -> AsyncIterator[tuple[Requests, RestPeer]]:
    async with rest_peer(answers) as peer:
        backend = Backend(api_url=peer.url, agent_url=peer.url, credentials=Credentials(api_key="k"))
        async with backend.http:
            yield Requests(backend), peer


# Whatever the server does


@steady(200)
@given(
    count=st.integers(0, 30),
    limit=st.integers(1, 8),
    cap=st.integers(1, 8),
    reports=st.booleans(),
    first=st.none() | st.integers(0, 3),
)
def test_each_request_comes_once(count: int, limit: int, cap: int, reports: bool, first: int | None) -> None:
    history = History(names(count), cap=cap, reports=reports)
    found = run(identifiers(history.requests.iterate("p", limit=limit, page=first)))
    size = min(limit, cap)
    assert found == names(count)[(first or 0) * size :]
    assert [query.page for query in history.asked] == [(first or 0) + index for index in range(len(history.asked))]
    assert len(history.asked) == max(len(found) // size + 1 if reports else -(-len(found) // size) + 1, 1)


@steady()
@given(count=st.integers(1, 30), limit=st.integers(1, 8), reports=st.booleans())
def test_a_server_that_does_not_heed_the_page(count: int, limit: int, reports: bool) -> None:
    history = History(names(count), heeds=False, reports=reports)
    assert run(identifiers(history.requests.iterate("p", limit=limit))) == names(count)[:limit]
    assert len(history.asked) <= 2


@steady()
@given(count=st.integers(0, 30), limit=st.integers(2, 8), data=st.data())
def test_requests_that_come_meanwhile(count: int, limit: int, data: st.DataObject) -> None:
    arrivals = data.draw(st.integers(1, limit - 1))
    history = History(names(count), arrivals=arrivals)
    assert run(identifiers(history.requests.iterate("p", limit=limit))) == names(count)


@steady()
@given(count=st.integers(1, 30), limit=st.integers(2, 8), data=st.data())
def test_a_busy_server_that_does_not_heed_the_page(count: int, limit: int, data: st.DataObject) -> None:
    arrivals = data.draw(st.integers(1, limit - 1))
    history = History(names(count), heeds=False, arrivals=arrivals)
    found = run(identifiers(history.requests.iterate("p", limit=limit)))
    assert len(found) == len(set(found))
    assert len(history.asked) <= count + 2


def test_requests_without_an_identifier() -> None:
    class Nameless(History):
        def page(self, query: RequestsOptions) -> RequestPage:
            page = super().page(query)
            return RequestPage(requests=[RequestInfo(path=entry.request_id) for entry in page], limit=page.limit)

    async def paths(history: History) -> list[str | None]:
        return [entry.path async for entry in history.requests.iterate("p", limit=2)]

    assert run(paths(Nameless(names(5)))) == names(5)
    assert run(paths(Nameless(names(5), heeds=False))) == names(2)


# On the wire


async def test_a_hundred_at_once() -> None:
    history = History(names(250))
    async with running(history.reply) as (requests, peer):
        assert await identifiers(requests.iterate("p", status="failed", endpoint="listen")) == names(250)
    assert [asked.target.partition("?")[2] for asked in peer.asked] == [
        f"limit=100&page={page}&endpoint=listen&status=failed" for page in range(3)
    ]
    assert peer.connections == 1


async def test_the_struct_says_how_many() -> None:
    history = History(names(5))
    async with running(history.reply) as (requests, _):
        options = RequestsOptions(limit=2, page=1, accessor="k")
        assert await identifiers(requests.iterate("p", options)) == names(5)[2:]
        assert await identifiers(requests.iterate("p", options, limit=3)) == names(5)[3:]
    assert [(query.limit, query.page, query.accessor) for query in history.asked] == [
        (2, 1, "k"),
        (2, 2, "k"),
        (3, 1, "k"),
    ]


async def test_a_page_is_asked_for_when_it_is_wanted() -> None:
    history = History(names(4))
    async with running(history.reply) as (requests, peer):
        entries = requests.iterate("p", limit=2)
        for wanted, pages in [(1, 1), (2, 1), (3, 2), (4, 2)]:
            assert (await anext(entries)).request_id == f"r-{wanted - 1}"
            assert len(peer.asked) == pages
        for _ in range(2):
            with pytest.raises(StopAsyncIteration):
                await anext(entries)
        assert len(peer.asked) == 3


async def test_what_every_call_takes_goes_with_every_page() -> None:
    history = History(names(3))

    def reply(asked: Asked) -> Reply:
        assert asked.headers["x-own"] == "yes"
        return history.reply(asked)

    async with running(reply) as (requests, peer):
        entries = requests.iterate("p", limit=2, extra_headers={"X-Own": "yes"}, max_retries=0, timeout=60)
        assert await identifiers(entries) == names(3)
    assert len(peer.asked) == 2


@pytest.mark.parametrize("arguments", [{"limt": 3}, {"start": "2026-01-31T12:00:00"}, {"limit": "many"}], ids=str)
async def test_options_that_cannot_work_fail_at_once(arguments: dict[str, Any]) -> None:
    async with running(History([]).reply) as (requests, peer):
        with pytest.raises(ConfigError):
            requests.iterate("p", **arguments)
        with pytest.raises(ConfigError, match="project_id"):
            await identifiers(requests.iterate(".."))
    assert peer.asked == []


async def test_an_error_passes_and_the_iteration_can_go_on() -> None:
    history = History(names(4))
    refusals = [json_reply({"category": "FORBIDDEN", "message": "no"}, 403)]

    def reply(asked: Asked) -> Reply:
        return refusals.pop() if ("page", "1") in asked.query and refusals else history.reply(asked)

    async with running(reply) as (requests, _):
        entries = requests.iterate("p", limit=2)
        found = []
        with pytest.raises(PermissionDeniedError):
            async for entry in entries:
                found.append(entry.request_id)  # noqa: PERF401 - what came before the error is what is tested
        assert found == names(2)
        assert await identifiers(entries) == names(4)[2:]


async def test_a_cancelled_iteration_can_go_on() -> None:
    history = History(names(2))
    came, never = anyio.Event(), anyio.Event()

    async def reply(asked: Asked) -> Reply:
        if not came.is_set():
            came.set()
            await never.wait()
        return history.reply(asked)

    async with running(reply) as (requests, _):
        entries = requests.iterate("p", limit=5)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(identifiers, entries)
            await came.wait()
            tasks.cancel_scope.cancel()
        assert await identifiers(entries) == names(2)
        never.set()


async def test_leaving_early_leaves_nothing_open() -> None:
    history = History(names(250))
    async with rest_peer(history.reply) as peer:
        # Outside of the client's block, every call has a connection of its own.
        requests = Requests(Backend(api_url=peer.url, agent_url=peer.url, credentials=Credentials(api_key="k")))
        async for entry in requests.iterate("p"):
            assert entry.request_id == "r-0"
            break
        gc.collect()
        with anyio.fail_after(5):
            while peer.open:
                await anyio.lowlevel.checkpoint()
        assert len(peer.asked) == 1


async def test_it_is_no_generator_that_would_have_to_be_closed() -> None:
    entries = History([]).requests.iterate("p")
    assert not inspect.isasyncgen(entries)
    assert not hasattr(entries, "aclose")
    assert await identifiers(entries) == []
