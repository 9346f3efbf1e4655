"""Who gets which decoder process, and who has to wait: with processes that only pretend."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from deepgram_anyio.local.engines import sphinx_pool
from deepgram_anyio.local.engines.failures import EngineError
from deepgram_anyio.local.engines.sphinx_pool import DecoderPool

WAIT_S = 10.0


class FakeProcess:
    """A decoder without a process."""

    def __init__(self) -> None:
        self.alive = True
        self.ended = False
        self.idle_s = 0.0

    def is_alive(self) -> bool:
        return self.alive

    def end(self) -> None:
        self.ended = True


@pytest.fixture(autouse=True)
def processes(monkeypatch: pytest.MonkeyPatch) -> list[FakeProcess]:
    made: list[FakeProcess] = []

    def make() -> FakeProcess:
        made.append(FakeProcess())
        return made[-1]

    monkeypatch.setattr(sphinx_pool, "DecoderProcess", make)
    return made


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[Any]]:
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(work())
        except EngineError as error:
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


def until_waiting(pool: DecoderPool, count: int) -> None:
    """Return when so many threads wait for the pool."""
    while True:
        with pool._changed:
            if len(pool._changed._waiters) == count:  # type: ignore[attr-defined]
                return


def test_a_decoder_that_was_given_back_is_used_again(processes: list[FakeProcess]) -> None:
    pool = DecoderPool(2)
    first = pool.lease()
    pool.give_back(first, usable=True)
    assert pool.lease() is first
    assert pool.lease() is not first
    assert len(processes) == 2


def test_who_waits_gets_what_is_given_back(processes: list[FakeProcess]) -> None:
    pool = DecoderPool(1)
    first = pool.lease()
    thread, results = in_thread(pool.lease)
    until_waiting(pool, 1)
    pool.give_back(first, usable=True)
    thread.join(WAIT_S)
    assert results == [first]
    assert len(processes) == 1


def test_one_that_is_not_usable_makes_room(processes: list[FakeProcess]) -> None:
    pool = DecoderPool(1)
    first = pool.lease()
    thread, results = in_thread(pool.lease)
    until_waiting(pool, 1)
    pool.give_back(first, usable=False)
    thread.join(WAIT_S)
    assert results == [processes[1]]
    assert processes[0].ended


def test_one_that_died_while_idle_is_replaced(processes: list[FakeProcess]) -> None:
    pool = DecoderPool(1)
    pool.give_back(pool.lease(), usable=True)
    processes[0].alive = False
    lent: Any = pool.lease()
    assert lent is processes[1]
    assert processes[0].ended


def test_closing_wakes_who_waits_and_ends_all(processes: list[FakeProcess]) -> None:
    pool = DecoderPool(2)
    leased, idle = pool.lease(), pool.lease()
    waiting = [in_thread(pool.lease) for _ in range(3)]
    until_waiting(pool, 3)
    pool.close()
    for thread, results in waiting:
        thread.join(WAIT_S)
        assert [str(result) for result in results] == ["the recogniser is closed"]
    assert [process.ended for process in processes] == [True, True]
    pool.give_back(leased, usable=True)
    pool.give_back(idle, usable=False)
    pool.close()
    with pytest.raises(EngineError, match="is closed"):
        pool.lease()


def test_who_waits_gets_one_more_when_all_others_are_idle(processes: list[FakeProcess]) -> None:
    pool = DecoderPool(2)
    leased = [pool.lease(), pool.lease()]
    thread, results = in_thread(pool.lease)
    until_waiting(pool, 1)
    for process in processes:
        process.idle_s = 2.0
    thread.join(WAIT_S)
    assert results == [processes[2]]
    pool.give_back(leased[0], usable=True)
    assert processes[0].ended  # one too many
    pool.give_back(leased[1], usable=True)
    assert not processes[1].ended
    assert pool.lease() is leased[1]


def test_one_too_many_stays_as_long_as_somebody_waits(processes: list[FakeProcess]) -> None:
    pool = DecoderPool(1)
    leased = pool.lease()
    processes[0].idle_s = 2.0
    extra = pool.lease()
    thread, results = in_thread(pool.lease)
    until_waiting(pool, 1)
    pool.give_back(leased, usable=True)
    thread.join(WAIT_S)
    assert results == [leased]
    pool.give_back(extra, usable=True)
    assert [process.ended for process in processes] == [False, True]


def test_who_gives_back_and_asks_again_stands_at_the_end_of_the_queue() -> None:
    pool = DecoderPool(1)
    process = pool.lease()
    first, got = in_thread(pool.lease)
    until_waiting(pool, 1)
    pool.give_back(process, usable=True)
    again, got_again = in_thread(pool.lease)
    first.join(WAIT_S)
    assert got == [process]
    assert not got_again
    pool.give_back(process, usable=True)
    again.join(WAIT_S)
    assert got_again == [process]
