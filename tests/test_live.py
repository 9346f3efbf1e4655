"""`LiveConnection`, through real sockets, against a stand-in for the API."""

from __future__ import annotations

import io
import logging
import traceback
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from wsproto.events import CloseConnection, TextMessage

from deepgram_anyio import (
    ApiError,
    AuthenticationError,
    BadRequestError,
    ClientConfig,
    ConfigError,
    ConnectError,
    ConnectionClosed,
    DeepgramClient,
    DeepgramTimeoutError,
    LiveOptions,
    LocalProtocolError,
    PaymentRequiredError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    Timeouts,
)
from deepgram_anyio.protocol import UnknownEvent, listen
from deepgram_anyio.protocol.wav import wav_header

from .cancellation import cancel_everywhere
from .stand_in import NEVER, Api, api, say
from .transport.fakes import results
from .transport.peers import ServerEnd, answering, serving, stop_reading

pytestmark = pytest.mark.anyio

KEY = "sk-0123456789abcdef-secret"
RAW: dict[str, Any] = {"encoding": "linear16", "sample_rate": 8000}
SECOND = b"\x01\x02" * 8000


def client(server: Api, **config: Any) -> DeepgramClient:
    return DeepgramClient(KEY, base_url=server.url, config=ClientConfig(**config))


async def test_connect_send_finalize_close() -> None:
    async with api() as server, client(server) as dg:
        async with dg.listen.v1.connect(**RAW, interim_results=True, keyterm=["a b", "c"]) as connection:
            await connection.send(SECOND)
            await connection.finalize()
            first = await anext(aiter(connection))
            assert isinstance(first, listen.Results)
            assert first.from_finalize
            assert connection.request_id == "request-1"
            await connection.send(bytearray(SECOND))
            await connection.send(memoryview(SECOND))
            connection.send_nowait(SECOND)
            await connection.keep_alive()
            await connection.configure(keyterms=["x"], features={"numerals": True})
            await connection.close_stream()
            rest = [event async for event in connection]
        assert [type(event) for event in rest] == [listen.Results, listen.Metadata]
        stats = connection.stats
    assert server.audio == SECOND * 4
    assert server.messages == ["Finalize", "KeepAlive", "Configure", "CloseStream"]
    assert server.target == (
        "/v1/listen?model=nova-3&encoding=linear16&sample_rate=8000&interim_results=true&keyterm=a+b&keyterm=c"
    )
    assert server.request_headers["authorization"] == f"Token {KEY}"
    assert server.request_headers["user-agent"].startswith("deepgram-anyio/")
    assert (stats.bytes_sent, stats.audio_sent_s, stats.audio_acknowledged_s, stats.events) == (64000, 4.0, 4.0, 3)
    assert stats.latency_s is not None


async def test_extra_query_and_headers_pass_through() -> None:
    async with api() as server, client(server, headers={"X-Gateway": "g"}) as dg:
        options = LiveOptions(model="nova-2", language="en-US")
        async with dg.listen.v1.connect(
            options, model="base", extra_query={"new_flag": True}, extra_headers={"X-Mine": "m"}
        ):
            pass
    assert server.target == "/v1/listen?model=base&language=en-US&new_flag=true"
    assert (server.request_headers["x-gateway"], server.request_headers["x-mine"]) == ("g", "m")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_rat": 1}, "sample_rate"),
        ({"encoding": "linear16"}, "needs sample_rate"),
        ({"channels": 0}, "channels"),
        ({"interim_results": "maybe"}, "interim_results"),
        ({"endpointing": True}, "endpointing"),
        ({"options": {"model": "x"}}, "LiveOptions"),
    ],
)
async def test_options_that_cannot_work_are_refused_before_any_io(options: dict[str, Any], message: str) -> None:
    async with DeepgramClient(KEY, base_url="http://127.0.0.1:9") as dg:
        with pytest.raises(ConfigError, match=message):
            async with dg.listen.v1.connect(**options):
                pass


async def test_an_empty_chunk_never_reaches_the_wire() -> None:
    async with api() as server, client(server) as dg, dg.listen.v1.connect(**RAW) as connection:
        await connection.send(b"")
        await connection.send_audio([b"", SECOND, b""])
        assert connection.stats.bytes_sent == len(SECOND)
    assert server.audio == SECOND
    assert server.messages == ["CloseStream"]


async def test_audio_must_be_bytes() -> None:
    async with api() as server, client(server) as dg, dg.listen.v1.connect(**RAW) as connection:
        with pytest.raises(TypeError, match="str"):
            await connection.send("audio")  # type: ignore[arg-type]


async def test_a_buffer_may_be_used_again_after_send() -> None:
    async with api() as server, client(server) as dg, dg.listen.v1.connect(**RAW) as connection:
        buffer = bytearray(b"first")
        connection.send_nowait(buffer)
        buffer[:] = b"other"
    assert server.audio == b"first"


@pytest.mark.parametrize("kind", ["path", "str", "file", "bytes", "list", "generator", "async"])
async def test_a_stream_takes_any_source_and_reads_wav_headers(kind: str, tmp_path: Path) -> None:
    wav = wav_header(data_bytes=len(SECOND), sample_rate=8000) + SECOND
    pieces = [wav[start : start + 1000] for start in range(0, len(wav), 1000)]
    path = tmp_path / "speech.wav"
    path.write_bytes(wav)

    async def later() -> Any:
        for piece in pieces:
            yield piece

    with path.open("rb") as file:
        sources: dict[str, Any] = {
            "path": path,
            "str": str(path),
            "file": file,
            "bytes": wav,
            "list": pieces,
            "generator": (piece for piece in pieces),
            "async": later(),
        }
        async with api() as server, client(server) as dg, dg.listen.v1.stream(sources[kind]) as stream:
            events = [event async for event in stream]
    assert [type(event) for event in events] == [listen.Results, listen.Metadata]
    assert server.audio == SECOND
    assert server.target == "/v1/listen?model=nova-3&encoding=linear16&sample_rate=8000&channels=1"


async def test_a_container_is_sent_as_it_is() -> None:
    async with api() as server, client(server) as dg:
        async with dg.listen.v1.stream(io.BytesIO(b"OggS" + b"x" * 20000)) as stream:
            async for _ in stream:
                pass
        assert stream.stats.audio_sent_s is None
    assert server.audio == b"OggS" + b"x" * 20000
    assert server.target == "/v1/listen?model=nova-3"


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("no-such-file.wav", {}, "no-such-file.wav"),
        (7, {}, "int"),
        (["text"], {}, "str"),
        (b"RIFF\x00\x00\x00\x00WAVE", {}, "before its audio"),
        (b"OggS" + b"x" * 20, {"pace": 1.0}, "pace"),
        (SECOND, {**RAW, "pace": 0}, "pace"),
        (SECOND, {**RAW, "pace": float("nan")}, "pace"),
        (wav_header(data_bytes=4, sample_rate=16000) + b"1234", RAW, "16000 Hz"),
    ],
)
async def test_a_source_that_cannot_work_is_refused_before_any_io(
    source: Any, options: dict[str, Any], message: str
) -> None:
    async with DeepgramClient(KEY, base_url="http://127.0.0.1:9") as dg:
        with pytest.raises(ConfigError, match=message):
            async with dg.listen.v1.stream(source, **options):
                pass


async def test_an_error_of_the_source_arrives_bare() -> None:
    class MicrophoneUnpluggedError(Exception):
        pass

    async def source() -> Any:
        yield SECOND
        raise MicrophoneUnpluggedError

    async with api() as server, client(server) as dg:
        with pytest.raises(MicrophoneUnpluggedError):
            async with dg.listen.v1.stream(source(), **RAW) as stream:
                async for _ in stream:
                    pass


async def test_leaving_a_stream_early_stops_sending_and_ends_in_good_order() -> None:
    async def endless() -> Any:
        while True:
            yield SECOND
            await anyio.lowlevel.checkpoint()

    async with api() as server, client(server) as dg, dg.listen.v1.stream(endless(), **RAW):
        pass
    assert server.messages == ["CloseStream"]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (402, PaymentRequiredError),
        (403, PermissionDeniedError),
        (429, RateLimitError),
        (500, ServerError),
        (503, ServerError),
    ],
)
async def test_a_refusal_is_the_error_of_its_status(status: int, error: type[ApiError]) -> None:
    body = b'{"err_code":"SOME_CODE","err_msg":"not today","request_id":"r-1"}'
    answer = b"HTTP/1.1 %d Nope\r\ndg-request-id: r-1\r\ndg-error: not today\r\nContent-Length: %d\r\n\r\n%s" % (
        status,
        len(body),
        body,
    )
    async with serving(answering(answer)) as peer:
        async with DeepgramClient(KEY, base_url=f"http://127.0.0.1:{peer.port}") as dg:
            with pytest.raises(error) as caught:
                async with dg.listen.v1.connect():
                    pass
        await peer.all_closed(accepted=1)
    assert (caught.value.status, caught.value.code, caught.value.request_id) == (status, "SOME_CODE", "r-1")
    assert "not today" in str(caught.value)
    assert KEY not in "".join(traceback.format_exception(caught.value)) + repr(caught.value.__dict__)


async def test_a_closed_port_and_an_unknown_host_are_connect_errors() -> None:
    for url in ("http://127.0.0.1:9", "https://no-such-host.invalid"):
        async with DeepgramClient(KEY, base_url=url, config=ClientConfig(proxy="")) as dg:
            with pytest.raises(ConnectError) as caught:
                async with dg.listen.v1.connect():
                    pass
        assert KEY not in "".join(traceback.format_exception(caught.value))


async def test_an_error_of_the_body_arrives_bare_and_closes_the_socket() -> None:
    error = ValueError("mine")
    async with api() as server, client(server) as dg:
        with pytest.raises(ValueError, match="mine") as caught:
            async with dg.listen.v1.connect(**RAW):
                raise error
        assert caught.value is error
    assert server.messages == []


async def test_a_connection_that_was_left_lets_nobody_wait() -> None:
    async with api() as server, client(server) as dg:
        with pytest.raises(KeyError):
            async with dg.listen.v1.connect(**RAW) as connection:
                raise KeyError
        with anyio.fail_after(1):
            for wait in (connection.__anext__, connection.finalize, connection.close_stream):
                with pytest.raises(ConnectionClosed, match="left before its end"):
                    await wait()
            await connection.aclose()


async def test_the_end_of_the_block_waits_for_the_last_words() -> None:
    said: list[str] = []

    async def slowly(end: ServerEnd, kind: str) -> bool:
        if kind == "CloseStream":
            for _ in range(100):
                await anyio.lowlevel.checkpoint()
            said.append("last words")
        return False

    async with api() as server, client(server) as dg:
        server.on_message = slowly
        async with dg.listen.v1.connect(**RAW) as connection:
            await connection.send(SECOND)
    assert said == ["last words"]
    assert connection.stats.audio_acknowledged_s == 1.0


async def test_an_unasked_close_is_raised_by_iteration_and_by_send_with_what_was_lost() -> None:
    async def close(end: ServerEnd, kind: str) -> bool:
        await say(end, results(0.0, 0.5, text="half"))
        await end.send(CloseConnection(1011, "NET-0000"))
        return True

    async with api() as server, client(server) as dg:
        server.on_message = close
        async with dg.listen.v1.connect(**RAW, reconnect=NEVER) as connection:
            await connection.send(SECOND)
            await connection.finalize()
            seen = []
            with pytest.raises(ConnectionClosed) as caught:
                async for event in connection:
                    seen.append(event)  # noqa: PERF401 - a comprehension would lose them
            with pytest.raises(ConnectionClosed):
                await connection.send(SECOND)
    assert len(seen) == 1
    error = caught.value
    assert (error.code, error.reason, error.request_id, error.lost_audio_s) == (1011, "NET-0000", "request-1", 0.5)


async def test_a_failure_nobody_saw_leaves_the_block() -> None:
    async def close(end: ServerEnd, kind: str) -> bool:
        await end.send(CloseConnection(1011, "NET-0000"))
        return True

    async with api() as server, client(server) as dg:
        server.on_message = close
        with pytest.raises(ConnectionClosed, match="NET-0000"):
            async with dg.listen.v1.connect(**RAW, reconnect=NEVER) as connection:
                await connection.send(SECOND)


async def test_strange_messages_arrive_as_unknown_events_and_the_stream_goes_on() -> None:
    async def strange(end: ServerEnd, kind: str) -> bool:
        if kind == "CloseStream":
            for text in ('{"type":"Brandnew","x":[1]}', '{"type":"Results"}', "not json", "[]", '{"type":null}'):
                await end.send(TextMessage(text))
        return False

    async with api() as server, client(server) as dg:
        server.on_message = strange
        async with dg.listen.v1.connect(**RAW) as connection:
            await connection.close_stream()
            events = [event async for event in connection]
    unknown = [event for event in events if isinstance(event, UnknownEvent)]
    assert [(event.type, event.reason is None) for event in unknown] == [
        ("Brandnew", True),
        ("Results", False),
        (None, False),
        (None, False),
        (None, False),
    ]
    assert len(events) == 7


async def test_sending_after_the_end_of_the_stream_says_so() -> None:
    async with api() as server, client(server) as dg, dg.listen.v1.connect(**RAW) as connection:
        await connection.close_stream()
        with pytest.raises(LocalProtocolError, match="finishing"):
            await connection.send(SECOND)
        await connection.close_stream()


async def test_a_server_that_never_reads_makes_send_fail_at_its_deadline() -> None:
    timeouts = Timeouts(send_s=0.2)
    async with serving(stop_reading) as peer:
        config = ClientConfig(timeouts=timeouts)
        with pytest.raises(DeepgramTimeoutError) as caught:
            async with (
                DeepgramClient(KEY, base_url=f"http://127.0.0.1:{peer.port}", config=config) as dg,
                dg.listen.v1.connect(**RAW, reconnect=NEVER) as connection,
            ):
                with anyio.fail_after(5):
                    while True:
                        await connection.send(bytes(1 << 20))
    assert "took no data" in str(caught.value)


async def test_cancelled_anywhere_it_leaves_nothing_behind() -> None:
    async with api() as server, client(server) as dg:

        async def work() -> None:
            async with dg.listen.v1.connect(**RAW) as connection:
                await connection.send(SECOND)
                await connection.finalize()
                await anext(aiter(connection))
                await connection.close_stream()
                async for _ in connection:
                    pass

        assert server.peer is not None
        places = await cancel_everywhere(work, server.peer.all_closed)
        assert places >= 8


async def test_cancelled_anywhere_a_stream_and_its_drain_leave_nothing_behind() -> None:
    async with api() as server, client(server) as dg:

        async def work() -> None:
            async with dg.listen.v1.stream([SECOND, SECOND], **RAW) as stream:
                await anext(aiter(stream))

        assert server.peer is not None
        assert await cancel_everywhere(work, server.peer.all_closed) >= 5


async def test_two_tasks_may_send_while_another_iterates() -> None:
    async with api() as server, client(server) as dg, dg.listen.v1.connect(**RAW) as connection:

        async def send(byte: bytes) -> None:
            for _ in range(50):
                await connection.send(byte * 10)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send, b"a")
            tasks.start_soon(send, b"b")
        await connection.close_stream()
        assert len([event async for event in connection]) == 2
    assert (server.audio.count(b"a" * 10), server.audio.count(b"b" * 10)) == (50, 50)


async def test_the_log_is_readable_and_has_no_secret_and_no_speech(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with api() as server, client(server) as dg, dg.listen.v1.stream(SECOND, **RAW) as stream:
        async for _ in stream:
            pass
    lines = [
        record.getMessage()
        for record in caplog.records
        if record.name == "deepgram_anyio" and record.levelno >= logging.INFO
    ]
    assert len(lines) == 2
    assert "connected to 127.0.0.1" in lines[0]
    assert "request-1" in lines[0]
    assert "closed" in lines[1]
    assert KEY not in caplog.text
    assert "all of it" not in caplog.text
