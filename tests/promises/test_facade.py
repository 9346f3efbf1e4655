"""The promise: a blocking program ends when it is told to, whatever it left open; handlers may do what they like."""

from __future__ import annotations

import signal
import sys
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from deepgram_anyio.sync import LiveTranscriptionEvents
from deepgram_anyio.sync.v4.socket_listen import ListenWebSocketClient

from ..programs import interrupt, start_program
from ..stand_in import say
from ..sync.socket_support import RAW, TONE, Record, config, stand_in
from ..transport.fakes import results
from ..transport.peers import ServerEnd

PROGRAMS = {
    "v4": """
import sys, time
from deepgram_anyio.sync import DeepgramClient, DeepgramClientOptions, LiveOptions, LiveTranscriptionEvents
dg = DeepgramClient("any", DeepgramClientOptions(url=sys.argv[1]))
connection = dg.listen.websocket.v("1")
connection.on(LiveTranscriptionEvents.Transcript, lambda result: None)
assert connection.start(LiveOptions(encoding="linear16", sample_rate=16000))
assert connection.send(bytes(640))
print("ready", flush=True)
""",
    "native": """
import sys, time
from deepgram_anyio.sync import DeepgramClient
dg = DeepgramClient("any", base_url=sys.argv[1])
connection = dg.listen.v1.connect(encoding="linear16", sample_rate=16000)
connection = connection.__enter__()
connection.send(bytes(640))
print("ready", flush=True)
""",
}
WAITING = {"v4": "time.sleep(60)\n", "native": "next(iter(connection))\n"}


@pytest.mark.parametrize("ending", ["end", "Ctrl-C"])
@pytest.mark.parametrize("style", PROGRAMS)
def test_a_program_that_closes_nothing_ends_at_once(style: str, ending: str) -> None:
    async def mute(end: ServerEnd, kind: str) -> bool:
        return True

    program = PROGRAMS[style] + (WAITING[style] if ending == "Ctrl-C" else "")
    with stand_in(on_message=mute) as server:
        command = [sys.executable, "-c", program, server.url]
        with start_program(command) as running:
            assert running.stdout is not None
            assert running.stdout.readline() == "ready\n"
            if ending == "Ctrl-C":
                interrupt(running)
            began = time.monotonic()
            try:
                _, errors = running.communicate(timeout=10)
            finally:
                running.kill()
        assert time.monotonic() - began < 2
    assert running.returncode == (0 if ending == "end" else -signal.SIGINT)
    assert ("KeyboardInterrupt" in errors) == (ending == "Ctrl-C")


def test_handlers_that_raise_or_have_odd_signatures_or_are_async_hold_up_nobody_and_are_reported() -> None:
    seen: list[tuple[str, str]] = []

    def plain(result: Any) -> None:
        seen.append(("plain", result.channel.alternatives[0].transcript))

    def v4(self: Any, result: Any, **kwargs: Any) -> None:
        seen.append(("v4", result.channel.alternatives[0].transcript))

    async def asynchronous(self: Any, result: Any, **kwargs: Any) -> None:
        seen.append(("async", result.channel.alternatives[0].transcript))

    def raising(result: Any) -> None:
        raise RuntimeError("a bug of the program")

    def with_too_many(self: Any, result: Any, something: Any, more: Any) -> None:
        raise AssertionError("it cannot be called")

    with stand_in() as server:
        client = ListenWebSocketClient(config(server.url))
        record = Record(client)
        for handler in (raising, with_too_many, plain, v4, asynchronous):
            client.on(LiveTranscriptionEvents.Transcript, handler)
        assert client.start(RAW)
        assert client.send(TONE)
        assert client.finalize()
        record.wait_for("Error", count=2)
        assert client.send(TONE)
        assert client.finish()
    assert server.audio == TONE * 2
    assert seen == [(name, text) for text in ("so far", "all of it") for name in ("plain", "v4", "async")]
    told = [error.message for error in record.of("Error")]
    assert len(told) == 4
    assert "RuntimeError: a bug of the program" in told[0]
    assert "with_too_many" in told[1]


def test_a_handler_that_blocks_stops_no_keepalive_and_loses_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ListenWebSocketClient, "_kind", replace(ListenWebSocketClient._kind, keepalive_s=0.05))
    alive, blocked = threading.Event(), threading.Event()
    seen: list[str] = []

    async def talk(end: ServerEnd, kind: str) -> bool:
        if kind == "Finalize":
            for number in range(20):
                await say(end, results(0.0, 1.0, text=str(number)))
        elif kind == "KeepAlive" and blocked.is_set():
            alive.set()
        return kind != "CloseStream"

    def slow(result: Any) -> None:
        blocked.set()
        assert alive.wait(5)
        seen.append(result.channel.alternatives[0].transcript)

    with stand_in(on_message=talk) as server:
        client = ListenWebSocketClient(config(server.url))
        client.on(LiveTranscriptionEvents.Transcript, slow)
        assert client.start(RAW)
        assert client.finalize()
        assert alive.wait(5)
        assert client.finish()
    assert seen == [*map(str, range(20)), "all of it"]
