"""Live transcription with the names of v4: what handlers get, what start, send and finish return."""

from __future__ import annotations

import contextvars
import json
import logging
import subprocess
import sys
import threading
from typing import Any

import pytest
from wsproto.events import CloseConnection, TextMessage

from deepgram_anyio.errors import ConfigError, DeepgramError
from deepgram_anyio.sync.v4.errors import DeepgramApiError
from deepgram_anyio.sync.v4.events import LiveTranscriptionEvents
from deepgram_anyio.sync.v4.options_listen import LiveOptions
from deepgram_anyio.sync.v4.socket_listen import ListenWebSocketClient, LiveClient

from ..stand_in import Api, say
from ..transport.fakes import results
from ..transport.peers import ServerEnd, answering
from .socket_support import QUIET, RAW, TONE, Record, config, local_server, stand_in


def test_a_whole_stream() -> None:
    with local_server() as server:
        client = LiveClient(config(f"http://127.0.0.1:{server.port}"))
        record = Record(client)
        assert not client.is_connected()
        assert client.start(LiveOptions(model="nova-3", **RAW)) is True
        assert client.is_connected()
        assert client.send(TONE) is True
        assert client.send(bytearray(QUIET)) is True
        assert client.send(b"") is True
        assert client.keep_alive() is True
        assert client.finalize() is True
        assert client.finish() is True
        assert client.finish() is True
        assert not client.is_connected()
    assert record.events[0] == "Open"
    assert record.events[-2:] == ["Metadata", "Close"]
    assert record.events.count("Close") == 1
    assert "".join(result.channel.alternatives[0].transcript for result in record.of("Results")) == "hello world"
    assert client.send(b"x") is False
    assert client.keep_alive() is False


def test_the_query_is_what_the_caller_set_and_the_path_prefix_is_kept() -> None:
    with stand_in() as server:
        client = ListenWebSocketClient(config(f"{server.url}/dg"))
        options = LiveOptions(keyterm=["a b", "c"], interim_results=True)
        assert client.start(options, addons={"new": False}, headers={"X-Mine": "m"})
        assert client.finish()
        assert server.target == "/dg/v1/listen?interim_results=true&keyterm=a+b&keyterm=c&new=false"
        assert server.request_headers["x-mine"] == "m"
        assert server.request_headers["authorization"] == "Token sk-secret"
        assert "X-Mine" not in client._config.headers
        assert client.start({})
        assert client.finish()
        assert server.target == "/dg/v1/listen"
        assert "x-mine" not in server.request_headers


async def _refuse(api: Api, stream: Any) -> None:
    body = b'{"err_code":"INVALID_QUERY","err_msg":"bad model"}'
    head = f"HTTP/1.1 400 Bad Request\r\ndg-request-id: r-1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    await answering(head + body)(stream)


def test_a_refusal_has_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    with stand_in(_refuse) as server:
        client = ListenWebSocketClient(config(server.url))
        record = Record(client)
        assert client.start(RAW) is False
        assert record.events == ["Error"]
        told = record.of("Error")[0]
        assert (told.status, told.code, told.request_id) == (400, "INVALID_QUERY", "r-1")
        assert "bad model" in told.message
        assert client.last_error is not None
        assert "bad model" in str(client.last_error)
        assert "bad model" in caplog.text
        client._config.options["termination_exception_connect"] = True
        with pytest.raises(DeepgramApiError, match="bad model"):
            client.start(RAW)


def test_no_server_and_no_options() -> None:
    client = ListenWebSocketClient(config("http://127.0.0.1:9"))
    record = Record(client)
    assert client.start() is False
    assert record.of("Error")[0].description == "ConnectError"
    with pytest.raises(ConfigError):
        client.start(5)
    assert client.finish() is True


def test_the_first_send_after_the_close_says_so_and_what_was_lost_is_reported() -> None:
    async def close(end: ServerEnd, kind: str) -> bool:
        await end.send(CloseConnection(1011, "NET-0001"))
        return True

    with stand_in(on_message=close) as server:
        client = ListenWebSocketClient(config(server.url, termination_exception_send=False))
        record = Record(client)
        assert client.start(RAW)
        assert client.send(TONE)
        assert client.finalize()
        told = record.wait_for("Error")
        assert client.send(TONE) is False
        record.wait_for("Close")
        assert client.send(TONE) is False
        assert client.send("x") is False
        assert not client.is_connected()
        assert (told.code, told.reason, told.lost_audio_s) == (1011, "NET-0001", 1.0)
        assert client.finish() is True
        assert record.events == ["Open", "Error", "Close"]
        client._config.options["termination_exception_send"] = True
        with pytest.raises(DeepgramError, match=r"NET-0001|not connected"):
            client.send(TONE)


def test_an_orderly_close_of_the_server_is_no_error() -> None:
    async def close(end: ServerEnd, kind: str) -> bool:
        await end.send(CloseConnection(1000))
        return True

    with stand_in(on_message=close) as server:
        client = ListenWebSocketClient(config(server.url))
        record = Record(client)
        assert client.start(RAW)
        assert client.finalize()
        record.wait_for("Close")
        assert client.finish()
    assert record.events == ["Open", "Close"]


def test_messages_that_v4_did_not_know() -> None:
    sent = [
        {"type": "Warning", "description": "w", "code": "c"},
        {"type": "ConfigureSuccess", "request_id": "r"},
        {"type": "New", "x": 1},
        {"type": "Error", "description": "d", "code": "e", "variant": "v"},
        {**json.loads(results(0.0, 1.0, text="a").to_json()), "entities": [{"label": "L"}], "extra_field": 7},
    ]

    async def talk(end: ServerEnd, kind: str) -> bool:
        if kind != "Finalize":
            return False
        for message in [*map(json.dumps, sent), "no JSON"]:
            await end.send(TextMessage(message))
        return True

    with stand_in(on_message=talk) as server:
        client = ListenWebSocketClient(config(server.url))
        record = Record(client)
        unhandled = ListenWebSocketClient(config(server.url))
        seen: list[str] = []
        unhandled.on(LiveTranscriptionEvents.Unhandled, lambda self, unhandled, **_: seen.append(unhandled.raw))
        for one in (client, unhandled):
            assert one.start(RAW)
            assert one.finalize()
            assert one.finish()
    assert record.events[1:7] == ["Warning", "ConfigureSuccess", "Unhandled", "Error", "Results", "Unhandled"]
    assert record.of("Warning")[0].warn_msg == "w"
    assert record.of("Error")[0].code == "e"
    result = record.of("Results")[0]
    assert (result.extra_field, result["entities"]) == (7, [{"label": "L"}])
    assert [json.loads(text).get("type") for text in seen[:3]] == ["Warning", "ConfigureSuccess", "New"]
    assert seen[3] == "no JSON"


def test_handlers_may_call_everything_and_finish_does_not_wait_for_itself() -> None:
    with stand_in() as server:
        client = ListenWebSocketClient(config(server.url))
        record = Record(client)

        @client.on(LiveTranscriptionEvents.Open)
        def on_open(self: Any, open: Any, **kwargs: Any) -> None:  # noqa: A002 - v4's name
            assert self.send(TONE)
            assert self.finalize()

        @client.on("Results")
        async def on_result(result: Any) -> None:
            assert client.keep_alive() is result.from_finalize  # nothing is taken after finish
            assert client.finish() is True

        assert client.start(RAW)
        record.wait_for("Close")
        assert client.finish()
    assert record.events == ["Open", "Results", "Results", "Metadata", "Close"]
    assert "Error" not in record.events


def test_a_handler_that_raises_is_reported_and_the_stream_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    with stand_in() as server:
        options = config(server.url)
        options.verbose = logging.DEBUG
        client = ListenWebSocketClient(options)

        def broken(self: Any, result: Any, **kwargs: Any) -> None:
            raise ValueError("mine")

        def worse(self: Any, error: Any, **kwargs: Any) -> None:
            raise KeyError("not told to itself")

        client.on("Results", broken)
        record = Record(client)
        client.on("Error", worse)
        assert client.start(RAW)
        assert client.finalize()
        assert client.finish()
    assert record.events == ["Open", "Error", "Results", "Error", "Results", "Metadata", "Close"]
    assert "broken" in record.of("Error")[0].message
    assert "ValueError: mine" in record.of("Error")[0].message
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert (sum(", handler of " in text for text in told), caplog.text.count("Traceback")) == (4, 4)
    assert "ValueError at" in told[0]
    assert "mine" not in told[0]  # which may be what somebody said


def test_kwargs_members_and_context_reach_the_handlers() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")
    seen: list[Any] = []

    def on_close(self: Any, close: Any, *, session: str, **kwargs: Any) -> None:
        seen.append((self.color, session, kwargs, variable.get(), threading.current_thread().daemon))

    with stand_in() as server:
        client: Any = ListenWebSocketClient(config(server.url))
        client.on("Close", on_close)
        token = variable.set("caller")
        assert client.start(RAW, members={"color": "red"}, session="s", other=1)
        variable.reset(token)
        assert client.finish()
    assert seen == [("red", "s", {"other": 1}, "caller", True)]


def test_auto_flush_finalizes_after_the_last_new_words() -> None:
    finalized = threading.Event()

    async def talk(end: ServerEnd, kind: str) -> bool:
        if kind == "KeepAlive":
            await say(end, results(0.0, 1.0, text="words", final=False))
        if kind == "Finalize":
            finalized.set()
        return False

    with stand_in(on_message=talk) as server:
        client = ListenWebSocketClient(config(server.url, auto_flush_reply_delta="50"))
        record = Record(client)
        assert client.start(RAW)
        assert client.keep_alive()
        assert finalized.wait(5)
        record.wait_for("Results", count=2)
        assert client.finish()
        assert server.messages == ["KeepAlive", "Finalize", "CloseStream"]


def test_many_threads_send_and_nothing_is_lost() -> None:
    with stand_in() as server:
        client = ListenWebSocketClient(config(server.url))
        assert client.start(RAW)
        threads = [threading.Thread(target=lambda: [client.send(b"ab" * 320) for _ in range(200)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert client.finish()
        assert len(server.audio) == 8 * 200 * 640


def test_start_again_only_after_finish() -> None:
    with stand_in() as server:
        client = ListenWebSocketClient(config(server.url))
        assert client.start(RAW)
        with pytest.raises(DeepgramError, match="already connected"):
            client.start(RAW)
        assert client.finish()
        assert client.start(RAW)
        assert client.finish()
        assert server.messages == ["CloseStream", "CloseStream"]


def test_a_refusal_is_seen_in_a_program_that_configures_no_logging() -> None:
    program = (
        "from deepgram_anyio.sync import DeepgramClient, DeepgramClientOptions as O, LiveOptions\n"
        "for level in (30, 50):\n"
        "    client = DeepgramClient('key', O(url='http://127.0.0.1:9', verbose=level))\n"
        "    print(client.listen.websocket.v('1').start(LiveOptions()))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=False)
    assert done.stdout.split() == ["False", "False"]
    assert done.stderr.count("no connection to /v1/listen") == 1
    assert "connection refused" in done.stderr
