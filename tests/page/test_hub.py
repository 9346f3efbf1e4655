"""The hub: what waits for a watcher is bounded, whatever happens and however slow it is."""

from __future__ import annotations

from contextlib import ExitStack

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.local.answers import Refusal
from deepgram_anyio.local.page.events import Caption, Event, Level, Snapshot, StreamInfo
from deepgram_anyio.local.page.hub import EventHub, Watcher

pytestmark = pytest.mark.anyio

MOST_EVENTS = 512
MOST_CHARS = 200_000


class Stream:
    def __init__(self, name: str, project_id: str = "p") -> None:
        self.id = name
        self.project_id = project_id

    def info(self) -> StreamInfo:
        return StreamInfo(id=self.id, kind="listen v1", age_s=1.0)


def caption(text: str, stream: str = "a") -> Caption:
    return Caption(id=stream, at_s=0.0, text=text, final=True)


def level(rms: float, stream: str = "a") -> Level:
    return Level(id=stream, source="client", rms=rms, peak=rms, audio_s=1.0)


def ids(event: Event) -> list[str]:
    assert isinstance(event, Snapshot)
    return [stream.id for stream in event.streams]


async def test_the_first_event_is_what_there_is_and_the_rest_what_happens() -> None:
    hub = EventHub()
    hub.add(Stream("a"))
    hub.add(Stream("b"))
    hub.remove(Stream("b"))
    with hub.watch("p") as watcher:
        (first,) = await watcher.next_batch()
        assert ids(first) == ["a"]
        hub.publish("p", caption("one"))
        hub.publish("p", caption("two"))
        assert await watcher.next_batch() == [caption("one"), caption("two")]
        assert watcher.pending == 0


async def test_a_watcher_waits_until_something_happens() -> None:
    hub = EventHub()
    with hub.watch("p") as watcher:
        await watcher.next_batch()
        async with anyio.create_task_group() as tasks:
            got: list[list[Event]] = []

            async def take() -> None:
                got.append(await watcher.next_batch())

            tasks.start_soon(take)
            await anyio.wait_all_tasks_blocked()
            assert got == []
            hub.publish("p", caption("now"))
        assert got == [[caption("now")]]


async def test_what_is_out_of_date_is_not_told() -> None:
    hub = EventHub()
    with hub.watch("p") as watcher:
        await watcher.next_batch()
        for rms in (0.1, 0.2, 0.3):
            hub.publish("p", level(rms), replaces="a level")
        hub.publish("p", level(0.5, "b"), replaces="b level")
        hub.publish("p", caption("guess"), replaces="a interim")
        hub.withdraw("a interim")
        hub.publish("p", caption("words"))
        assert await watcher.next_batch() == [level(0.3), level(0.5, "b"), caption("words")]


async def test_who_falls_behind_is_told_what_there_is_and_how_much_is_missing() -> None:
    hub = EventHub()
    hub.add(Stream("a"))
    with hub.watch("p") as watcher:
        await watcher.next_batch()
        for number in range(3 * MOST_EVENTS):
            hub.publish("p", caption(str(number)))
        (only,) = await watcher.next_batch()
        assert isinstance(only, Snapshot)
        assert (ids(only), only.skipped) == (["a"], 3 * MOST_EVENTS)
        hub.publish("p", caption("again"))
        assert await watcher.next_batch() == [caption("again")]


@given(
    sizes=st.lists(st.integers(0, MOST_CHARS + 1), max_size=60),
    repeats=st.integers(1, 40),
)
def test_what_waits_is_bounded(sizes: list[int], repeats: int) -> None:
    hub = EventHub()
    with hub.watch("p") as watcher:
        for size in sizes * repeats:
            hub.publish("p", caption("x"), size_chars=size)
            assert watcher.pending <= MOST_EVENTS + 1
            assert waiting_chars(watcher) <= MOST_CHARS


def waiting_chars(watcher: Watcher) -> int:
    return watcher._chars


async def test_what_was_replaced_or_withdrawn_takes_no_room() -> None:
    hub = EventHub()
    with hub.watch("p") as watcher:
        await watcher.next_batch()
        for _ in range(10):
            hub.publish("p", caption("interim"), replaces="a", size_chars=MOST_CHARS)
        hub.withdraw("a")
        hub.withdraw("a")
        hub.publish("p", caption("final"), size_chars=MOST_CHARS)
        assert await watcher.next_batch() == [caption("final")]


async def test_other_projects_see_nothing() -> None:
    hub = EventHub()
    hub.add(Stream("mine", "p"))
    hub.add(Stream("theirs", "q"))
    with hub.watch("q") as watcher:
        hub.publish("p", caption("secret"))
        (first,) = await watcher.next_batch()
        assert ids(first) == ["theirs"]
        assert watcher.pending == 0


def test_nobody_watches_nothing_is_kept() -> None:
    hub = EventHub()
    assert not hub.watched
    hub.publish("p", caption("unheard"))
    with hub.watch("p") as one, hub.watch("p"):
        assert hub.watched
        assert one.pending == 1  # the snapshot
    assert not hub.watched


def test_only_so_many_may_watch() -> None:
    hub = EventHub()
    with ExitStack() as stack:
        for _ in range(16):
            stack.enter_context(hub.watch("p"))
        with pytest.raises(Refusal) as caught, hub.watch("p"):
            pass
        assert caught.value.status == 429
    with hub.watch("p"):
        pass


async def test_at_the_end_nobody_waits_any_more() -> None:
    hub = EventHub()
    with hub.watch("p") as watcher:
        await watcher.next_batch()
        hub.publish("p", caption("too late"))
        hub.stop()
        assert await watcher.next_batch() == []
        assert watcher.stopped
    with pytest.raises(Refusal) as caught, hub.watch("p"):
        pass
    assert caught.value.status == 503
