"""The native connections, blocking: iteration, a `send` that does not wait, and an end that loses nothing."""

from __future__ import annotations

import threading

import anyio
import pytest
from wsproto.events import CloseConnection

from deepgram_anyio import ConnectionClosed, LocalProtocolError
from deepgram_anyio import DeepgramClient as AsyncDeepgramClient
from deepgram_anyio.protocol import listen
from deepgram_anyio.sync.loop import event_loop_thread
from deepgram_anyio.sync.services import ListenV1, SpeakV1

from ..stand_in import NEVER
from ..transport.peers import ServerEnd
from .socket_support import local_server, stand_in

RAW = {"encoding": "linear16", "sample_rate": 8000}
SECOND = b"\x01\x02" * 8000


def listening(url: str) -> ListenV1:
    return ListenV1(event_loop_thread(), AsyncDeepgramClient("k", base_url=url).listen.v1)


def test_send_and_iterate() -> None:
    with stand_in() as server, listening(server.url).connect(**RAW) as connection:  # type: ignore[arg-type]
        connection.send(SECOND)
        connection.send(b"")
        connection.finalize()
        first = next(connection)
        assert isinstance(first, listen.Results)
        assert first.from_finalize
        connection.send(bytearray(SECOND))
        connection.close_stream()
        assert [type(event) for event in connection] == [listen.Results, listen.Metadata]
        assert next(connection, None) is None
        assert (connection.request_id, connection.stats.bytes_sent) == ("request-1", 2 * len(SECOND))
        assert server.audio == SECOND * 2
        assert server.messages == ["Finalize", "CloseStream"]
        with pytest.raises(TypeError, match="bytes"):
            connection.send("text")  # type: ignore[arg-type]


def test_leaving_the_block_sends_what_was_accepted() -> None:
    sent = 40 * len(SECOND)
    with stand_in() as server:
        with listening(server.url).connect(**RAW) as connection:  # type: ignore[arg-type]

            def send() -> None:
                for _ in range(10):
                    connection.send(SECOND)

            threads = [threading.Thread(target=send) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(server.audio) == sent
        assert server.messages == ["CloseStream"]


def test_a_broken_connection_is_raised_with_what_was_lost() -> None:
    async def close(end: ServerEnd, kind: str) -> bool:
        await end.send(CloseConnection(1011, "NET-0001"))
        return True

    with (
        stand_in(on_message=close) as server,
        pytest.raises(ConnectionClosed, match="NET-0001"),
        listening(server.url).connect(**RAW, reconnect=NEVER) as connection,  # type: ignore[arg-type]
    ):
        connection.send(SECOND)
        connection.finalize()
        with pytest.raises(ConnectionClosed, match="NET-0001") as failure:
            next(connection)
        assert failure.value.lost_audio_s == 1.0
        for _ in range(100):
            connection.send(SECOND)
            event_loop_thread().call(anyio.lowlevel.checkpoint)


def test_audio_after_the_end_of_the_stream_is_refused() -> None:
    with stand_in() as server:
        with listening(server.url).connect(**RAW) as connection:  # type: ignore[arg-type]
            with pytest.raises(LocalProtocolError, match="bytes"):
                connection.send(bytes(17 * 1024 * 1024))
            connection.send(SECOND)
            connection.close_stream()
            connection.send(SECOND)
            with pytest.raises((LocalProtocolError, ConnectionClosed)):
                connection.finalize()
        assert server.audio == SECOND


def test_speech() -> None:
    with local_server() as server:
        url = f"http://127.0.0.1:{server.port}"
        speak = SpeakV1(event_loop_thread(), AsyncDeepgramClient("k", base_url=url).speak.v1)
        with speak.connect(encoding="linear16", sample_rate=8000) as connection:
            audio = b"".join(connection.synthesize("hello there"))
            assert connection.synthesize("more").collect()
            assert audio
            assert connection.stats.audio_bytes >= len(audio)
