"""The stream of events against pages that take nothing: bounded in memory, and in time."""

from __future__ import annotations

import gc
import json
import tracemalloc
from typing import Any

import anyio
import pytest
from trio.testing import MockClock

from deepgram_anyio.local.asgi import REQUEST_ID
from deepgram_anyio.local.page.app import require_watching
from deepgram_anyio.local.page.events import Caption
from deepgram_anyio.local.page.hub import EventHub
from deepgram_anyio.local.page.watch import EventSocket
from deepgram_anyio.local.settings import ServerSettings
from deepgram_anyio.local.state import ServerState

pytestmark = pytest.mark.anyio

HEADERS = [(b"host", b"127.0.0.1"), (b"origin", b"http://127.0.0.1")]
SCOPE = {"type": "websocket", "path": "/_page/events", "headers": HEADERS, "subprotocols": [], REQUEST_ID: "1"}


class Page:
    """A browser's end of the socket, as ASGI shows it, that may stop reading."""

    def __init__(self) -> None:
        self.state = ServerState(ServerSettings(page=True))
        self.sent: list[dict[str, Any]] = []
        self.reads = True
        self.ended = False
        self.stuck = anyio.Event()
        self._left = anyio.Event()
        self._connected = False

    @property
    def hub(self) -> EventHub:
        return self.state.hub

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for message in self.sent if "text" in message for event in json.loads(message["text"])]

    async def run(self) -> None:
        await EventSocket(self.state, require_watching)(SCOPE, self._receive, self._send)
        self.ended = True

    def leave(self) -> None:
        self._left.set()

    async def _receive(self) -> Any:
        if not self._connected:
            self._connected = True
            return {"type": "websocket.connect"}
        await self._left.wait()
        return {"type": "websocket.disconnect", "code": 1006}

    async def _send(self, message: Any) -> None:
        if not self.reads:
            self.stuck.set()
            await anyio.sleep_forever()
        self.sent.append(message)


def say(hub: EventHub, project_id: str, text: str) -> None:
    caption = Caption(id="stream", at_s=0.0, text=text, final=True)
    hub.publish(project_id, caption, size_chars=len(text))


async def test_a_page_that_never_reads_costs_little_memory() -> None:
    page = Page()
    project = page.state.store.accounts.default_project_id
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(page.run)
        await anyio.wait_all_tasks_blocked()
        page.reads = False
        say(page.hub, project, "the one that gets stuck")
        await page.stuck.wait()
        gc.collect()
        tracemalloc.start()
        try:
            for number in range(20_000):
                say(page.hub, project, f"{number:01000}")  # 20 MB in all
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 2_000_000
        tasks.cancel_scope.cancel()
    assert not page.hub.watched


async def test_a_page_that_leaves_is_forgotten_at_once() -> None:
    page = Page()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(page.run)
        await anyio.wait_all_tasks_blocked()
        assert page.hub.watched
        page.leave()
    assert page.ended
    assert not page.hub.watched


@pytest.mark.parametrize("anyio_backend", [("trio", {"clock": MockClock(autojump_threshold=0)})], ids=["trio"])
async def test_a_page_that_reads_no_more_loses_its_place(anyio_backend: Any) -> None:
    page = Page()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(page.run)
        await anyio.wait_all_tasks_blocked()
        page.reads = False
        say(page.hub, page.state.store.accounts.default_project_id, "stuck")
        began = anyio.current_time()
        await page.stuck.wait()
    assert page.ended
    assert 20 <= anyio.current_time() - began <= 30
    assert not page.hub.watched


@pytest.mark.parametrize("anyio_backend", [("trio", {"clock": MockClock(autojump_threshold=0)})], ids=["trio"])
async def test_silence_is_filled_and_bursts_go_into_one_message(anyio_backend: Any) -> None:
    page = Page()
    project = page.state.store.accounts.default_project_id
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(page.run)
        await anyio.sleep(60)
        texts = [message["text"] for message in page.sent if "text" in message]
        assert texts[0].startswith('[{"type":"Snapshot"')
        assert texts[1:] == ["[]"] * 11
        for number in range(100):
            say(page.hub, project, str(number))
            await anyio.sleep(0.01)
        await anyio.sleep(0.1)
        messages = len([message for message in page.sent if "text" in message]) - 12
        assert messages <= 22
        assert [event["text"] for event in page.events if event["type"] == "Caption"] == list(map(str, range(100)))
        page.leave()
