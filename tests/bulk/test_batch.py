"""Much work on one event loop: how much at a time, who waits for whom, and every way to end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import anyio
import pytest
import trio.testing

from deepgram_anyio.bulk import Batch, Outcome, run_many
from deepgram_anyio.errors import AuthenticationError, ConfigError, ServerError

pytestmark = pytest.mark.anyio

ON_A_JUMPING_CLOCK = pytest.mark.parametrize(
    "anyio_backend", [("trio", {"clock": trio.testing.MockClock(autojump_threshold=0)})], ids=["trio-clock"]
)


class Work:
    """Work that ends when it is let go, and knows how much of it was under way."""

    def __init__(self, *, held: bool = False) -> None:
        self.go = anyio.Event()
        if not held:
            self.go.set()
        self.started: list[int] = []
        self.ended: list[int] = []
        self.most = 0
        self._changed = anyio.Event()

    async def __call__(self, item: int) -> int:
        self.started.append(item)
        self.most = max(self.most, len(self.started) - len(self.ended))
        self._changed.set()
        self._changed = anyio.Event()
        await self.go.wait()
        self.ended.append(item)
        return item * 10

    async def until_started(self, number: int) -> None:
        with anyio.fail_after(5):
            while len(self.started) < number:
                await self._changed.wait()


async def taken(batch: Batch[Outcome[int, int]]) -> list[int]:
    values = [outcome.value for outcome in [outcome async for outcome in batch]]
    return sorted(value for value in values if value is not None)


async def take_into(got: list[int | None], batch: Batch[Outcome[int, int]]) -> None:
    async for outcome in batch:
        got.append(outcome.value)  # noqa: PERF401 - what came before a failure counts


def blocking(items: list[int]) -> Iterator[int]:
    yield from items


async def asynchronous(items: list[int]) -> AsyncIterator[int]:
    for item in items:
        await anyio.lowlevel.checkpoint()
        yield item


@pytest.mark.parametrize("source", [list, tuple, blocking, asynchronous, iter])
@pytest.mark.parametrize("jobs", [1, 3, 100])
async def test_every_item_is_worked_on_once(source: Callable[[list[int]], Any], jobs: int) -> None:
    work = Work()
    async with run_many(work, source(list(range(20))), jobs=jobs) as batch:
        assert await taken(batch) == [item * 10 for item in range(20)]
    assert sorted(work.started) == list(range(20))
    assert work.most <= jobs
    assert not batch.stopped


async def test_as_many_as_allowed_are_under_way_and_items_are_taken_as_there_is_room() -> None:
    work = Work(held=True)
    asked = []

    def items() -> Iterator[int]:
        for item in range(100):
            asked.append(item)
            yield item

    async with run_many(work, items(), jobs=5) as batch:
        await work.until_started(5)
        await anyio.wait_all_tasks_blocked()
        assert batch.under_way == 5
        assert len(asked) == 5
        work.go.set()
        assert len(await taken(batch)) == 100
    assert work.most == 5


async def test_nobody_who_takes_outcomes_means_that_nothing_new_starts() -> None:
    work = Work()
    async with run_many(work, list(range(100)), jobs=4) as batch:
        await anyio.wait_all_tasks_blocked()
        waiting = len(work.started)
        assert 4 <= waiting <= 8
        assert len(await taken(batch)) == 100


async def test_a_failure_is_the_outcome_of_its_item() -> None:
    error = ServerError("no", status=500)

    async def work(item: int) -> int:
        if item == 1:
            raise error
        if item == 2:
            raise FileNotFoundError
        return item

    async with run_many(work, [0, 1, 2, 3]) as batch:
        outcomes = {outcome.item: outcome async for outcome in batch}
    assert outcomes[1] == Outcome(item=1, error=error)
    assert isinstance(outcomes[2].error, FileNotFoundError)
    assert outcomes[3] == Outcome(item=3, value=3)


@pytest.mark.parametrize("error", [AuthenticationError("no", status=401), ZeroDivisionError("a bug")])
async def test_what_ends_all_is_raised_bare_once_the_others_have_ended(error: Exception) -> None:
    others = Work(held=True)
    failed = anyio.Event()

    async def work(item: int) -> int:
        if item == 2:
            await others.until_started(2)
            failed.set()
            raise error
        return await others(item)

    got: list[int | None] = []
    with pytest.raises(type(error)) as caught:
        async with run_many(work, list(range(100)), jobs=3) as batch:
            await failed.wait()
            others.go.set()
            await take_into(got, batch)
    assert caught.value is error
    assert set(got) == {0, 10}
    assert set(others.started) == {0, 1}


async def test_a_source_that_fails_is_raised_once_the_others_have_ended() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise LookupError("the folder is gone")

    got: list[int | None] = []
    with pytest.raises(LookupError, match="gone"):
        async with run_many(Work(), items()) as batch:
            await take_into(got, batch)
    assert got == [10]


async def test_a_failure_after_the_last_look_is_raised_at_the_end() -> None:
    async def work(item: int) -> int:
        raise AuthenticationError("no", status=401)

    with pytest.raises(AuthenticationError):
        async with run_many(work, [1]) as batch:
            await anyio.wait_all_tasks_blocked()
    assert batch.stopped


async def test_stopped_it_ends_what_is_under_way_and_no_more() -> None:
    work = Work(held=True)
    async with run_many(work, blocking(list(range(100))), jobs=3) as batch:
        await work.until_started(3)
        batch.stop()
        work.go.set()
        assert await taken(batch) == [0, 10, 20]
    assert batch.stopped
    assert (work.started, batch.given_up) == ([0, 1, 2], 0)


@pytest.mark.parametrize("how", ["break", "error", "cancel"])
async def test_left_early_it_ends_what_is_under_way_and_no_more(how: str) -> None:
    work = Work(held=True)
    with anyio.CancelScope() as scope:
        try:
            async with run_many(work, list(range(100)), jobs=3) as batch:
                await work.until_started(3)
                work.go.set()
                if how == "error":
                    raise KeyError(how)
                if how == "cancel":
                    scope.cancel()
                    await anyio.sleep_forever()
        except KeyError:
            assert how == "error"
    assert scope.cancelled_caught == (how == "cancel")
    assert sorted(work.ended) == [0, 1, 2] == work.started
    assert batch.given_up == 0


async def test_cancelled_after_a_stop_it_ends_at_once() -> None:
    work = Work(held=True)
    with anyio.fail_after(5), anyio.CancelScope() as scope:
        async with run_many(work, list(range(100)), jobs=3, grace_s=1000) as batch:
            await work.until_started(3)
            batch.stop()
            scope.cancel()
            await taken(batch)
    assert scope.cancelled_caught
    assert work.ended == []
    assert batch.given_up == 3


@ON_A_JUMPING_CLOCK
@pytest.mark.parametrize("how", ["stop", "cancel", "break"])
async def test_what_does_not_end_in_its_time_is_cancelled(how: str) -> None:
    work = Work(held=True)
    began = anyio.current_time()
    with anyio.CancelScope() as scope:
        async with run_many(work, list(range(100)), jobs=3, grace_s=20) as batch:
            await work.until_started(3)
            if how == "stop":
                batch.stop()
                assert await taken(batch) == []
            elif how == "cancel":
                scope.cancel()
                await taken(batch)
    assert anyio.current_time() - began == pytest.approx(20)
    assert batch.given_up == 3


async def test_an_async_source_is_closed_wherever_it_ends() -> None:
    closed = anyio.Event()

    async def items() -> AsyncIterator[int]:
        try:
            for item in range(100):
                yield item
        finally:
            await anyio.lowlevel.checkpoint()
            closed.set()

    async with run_many(Work(), items(), jobs=2) as batch:
        async for _ in batch:
            break
    assert closed.is_set()


async def test_several_may_take_outcomes() -> None:
    got: list[int] = []

    async def take(batch: Batch[Outcome[int, int]]) -> None:
        got.extend(await taken(batch))

    async with run_many(Work(), list(range(50)), jobs=3) as batch, anyio.create_task_group() as tasks:
        tasks.start_soon(take, batch)
        tasks.start_soon(take, batch)
    assert sorted(got) == [item * 10 for item in range(50)]


@pytest.mark.parametrize(
    ("items", "options", "complaint"),
    [
        ([1], {"jobs": 0}, "jobs must be"),
        ([1], {"jobs": True}, "jobs must be"),
        ([1], {"jobs": 1.5}, "jobs must be"),
        ([1], {"grace_s": -1}, "grace_s must be"),
        ([1], {"grace_s": float("nan")}, "grace_s must be"),
        ("text", {}, "iterable"),
        (5, {}, "iterable"),
    ],
)
async def test_arguments_that_cannot_work_are_refused(items: Any, options: Any, complaint: str) -> None:
    function: Callable[[Any], Awaitable[Any]] = Work()
    with pytest.raises(ConfigError, match=complaint):
        async with run_many(function, items, **options):
            raise AssertionError
