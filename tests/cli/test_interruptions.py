"""Ctrl-C and the request to terminate: what a command can do about them, and what the program ends with."""

from __future__ import annotations

import os
import signal
import sys

import anyio
import pytest

from deepgram_anyio import ApiError
from deepgram_anyio.cli.interruptions import current, interruptible
from deepgram_anyio.cli.running import finishing, held, run_bare
from deepgram_anyio.cli.settings import EventLoop, Settings
from deepgram_anyio.errors import api_error

from .terminal import start

pytestmark = pytest.mark.anyio


def press(number: signal.Signals = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_cancels_the_command(number: signal.Signals) -> None:
    ended = []

    async def main() -> None:
        try:
            press(number)
            await anyio.sleep_forever()
        finally:
            ended.append(True)

    assert await interruptible(main) == 128 + number
    assert ended == [True]


@pytest.mark.parametrize("result", [None, 0, 6])
async def test_the_result_is_the_exit_code(result: int | None) -> None:
    async def main() -> int | None:
        await anyio.lowlevel.checkpoint()
        return result

    assert await interruptible(main) == (result or 0)


async def test_an_error_leaves_bare() -> None:
    async def main() -> None:
        raise api_error(404, "no such thing")

    with pytest.raises(ApiError):
        await interruptible(main)


async def test_what_is_finished_is_finished() -> None:
    saved = []

    async def main() -> None:
        try:
            press()
            await anyio.sleep_forever()
        finally:
            with finishing(10):
                await anyio.lowlevel.checkpoint()
                saved.append(True)

    assert await interruptible(main) == 130
    assert saved == [True]


async def test_a_second_ctrl_c_ends_what_is_finished() -> None:
    seen = []

    async def main() -> None:
        try:
            press()
            await anyio.sleep_forever()
        finally:
            with finishing(1000) as scope:
                press()
                await anyio.sleep_forever()
            seen.append(scope.cancelled_caught)

    assert await interruptible(main) == 130
    assert seen == [True]


async def test_finishing_has_a_deadline() -> None:
    async def main() -> None:
        try:
            press()
            await anyio.sleep_forever()
        finally:
            with finishing(0.01):
                await anyio.sleep_forever()

    assert await interruptible(main) == 130


@pytest.mark.parametrize(("result", "code"), [(None, 130), (0, 0), (6, 6)])
async def test_a_command_that_is_held_ends_in_its_own_way(result: int | None, code: int) -> None:
    async def main() -> int | None:
        with held() as pressed:
            press()
            await pressed.wait()
            await anyio.lowlevel.checkpoint()
        return result

    assert await interruptible(main) == code


async def test_a_second_ctrl_c_cancels_a_command_that_is_held() -> None:
    async def main() -> None:
        with held() as pressed:
            press()
            await pressed.wait()
            press()
            await anyio.sleep_forever()

    assert await interruptible(main) == 130


async def test_the_request_to_terminate_cancels_a_command_that_is_held() -> None:
    async def main() -> None:
        with held():
            press(signal.SIGTERM)
            await anyio.sleep_forever()

    assert await interruptible(main) == 143


async def test_a_command_that_is_held_no_more_is_cancelled() -> None:
    async def main() -> None:
        with held():
            pass
        assert current().number is None
        press()
        await anyio.sleep_forever()

    assert await interruptible(main) == 130


STUBBORN = """
import anyio
from deepgram_anyio.cli.running import run_bare
from deepgram_anyio.cli.settings import EventLoop, Settings
async def main():
    print("running", flush=True)
    with anyio.CancelScope(shield=True):
        await anyio.sleep_forever()
run_bare(Settings(backend=EventLoop({backend!r})), main)
"""


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_third_ctrl_c_ends_the_program(backend: str) -> None:
    program = [sys.executable, "-c", STUBBORN.format(backend=backend)]
    with start(command=program, tty=False) as running:
        running.wait_for("running")
        for _ in range(3):
            running.interrupt()
        assert running.finish().code == -signal.SIGINT


@pytest.mark.parametrize("backend", list(EventLoop))
def test_the_event_loop_is_the_one_that_was_asked_for(backend: EventLoop) -> None:
    seen = []

    async def main() -> None:
        import sniffio

        seen.append(sniffio.current_async_library())

    assert run_bare(Settings(backend=backend), main) == 0
    assert seen == [backend.value]


def test_trio_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    from deepgram_anyio.cli.failures import CommandError

    async def main() -> None:
        raise AssertionError("not to be run")

    monkeypatch.setitem(sys.modules, "trio", None)
    with pytest.raises(CommandError, match=r"deepgram-anyio\[trio\]"):
        run_bare(Settings(backend=EventLoop.TRIO), main)
