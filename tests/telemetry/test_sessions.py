"""One span for one live session, with what happened to its connections, and the metrics beside it."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from wsproto.events import CloseConnection

from deepgram_anyio import (
    ApiError,
    AuthenticationError,
    ClientConfig,
    ConfigError,
    ConnectError,
    ConnectionClosed,
    DeepgramClient,
    Reconnected,
    ReconnectPolicy,
    Timeouts,
)
from deepgram_anyio.local import serve
from deepgram_anyio.local.engines.scripted import ToneVoice
from deepgram_anyio.local.faults import Answer, Plan, fault_proxy

from ..cancellation import cancel_everywhere
from ..promises.ear import KEY, RAW, SOON, Ear, Step, ear, speech
from ..stand_in import NEVER, Api, api
from ..transport.peers import ServerEnd
from .support import Recorder, events, said, standing

pytestmark = pytest.mark.anyio

SOCKET = {"url.template": "/v1/listen", "network.protocol.name": "websocket"}


def client(recorder: Recorder, url: str, **settings: Any) -> DeepgramClient:
    timeouts = Timeouts(connect_s=5.0, drain_s=5.0, close_s=0.5)
    config = ClientConfig(proxy="", timeouts=timeouts, telemetry=recorder.telemetry(**settings))
    return DeepgramClient(KEY, base_url=url, config=config)


async def send(connection: Any, first: int, count: int) -> None:
    for chunk in speech(first, count):
        await connection.send(chunk)


async def cut_once(recorder: Recorder, listening: Ear, *answers: Answer) -> list[Any]:
    """Stream over a proxy that cuts the first connection, and answers the next attempts by itself."""
    plan = Plan([[], *[[answer] for answer in answers]])
    async with (
        fault_proxy(listening.url, faults=plan) as proxy,
        client(recorder, proxy.url) as dg,
        dg.listen.v1.connect(**RAW, model="nova-3", reconnect=SOON) as connection,
    ):
        await send(connection, 0, 20)
        await listening.until_heard(20)
        received = [await anext(connection)]
        proxy.cut()
        await send(connection, 20, 20)
        await connection.close_stream()
        return received + [event async for event in connection]


async def test_a_session_with_one_cut_is_one_span_with_the_reconnect_as_an_event(recorder: Recorder) -> None:
    async with ear() as listening:
        received = await cut_once(recorder, listening)
    (again,) = [event for event in received if isinstance(event, Reconnected)]
    span = recorder.span
    assert (span.name, span.kind, span.parent) == ("session /v1/listen", SpanKind.CLIENT, None)
    assert standing(span) == (False, None)
    attributes = said(span)
    assert attributes.pop("url.full").startswith("ws://127.0.0.1:")
    assert attributes.pop("deepgram.audio.acknowledged") == pytest.approx(2.0)
    assert attributes.pop("deepgram.messages.received") >= 3
    assert attributes == {
        **SOCKET,
        "server.address": "127.0.0.1",
        "deepgram.model": "nova-3",
        "deepgram.outcome": "complete",
        "deepgram.request_ids": ("request-1", "request-2"),
        "deepgram.close_code": 1000,
        "deepgram.reconnects": 1,
        "deepgram.audio.sent": 2.0,
        "deepgram.audio.lost": 0.0,
    }
    (connected, lost, reconnected) = events(span)
    assert connected == ("deepgram.connected", {"deepgram.request_id": "request-1"})
    assert lost[0] == "deepgram.connection_lost"
    assert {**lost[1], "deepgram.cause": ""} == {
        "error.type": "ConnectionClosed",
        "deepgram.cause": "",
        "deepgram.request_id": "request-1",
        "deepgram.close_code": 1006,
    }
    assert reconnected == (
        "deepgram.reconnected",
        {
            "deepgram.attempt": 1,
            "deepgram.gap": again.gap_s,
            "deepgram.audio.replayed": again.replayed_s,
            "deepgram.audio.lost": 0.0,
            "deepgram.request_id": "request-2",
        },
    )


async def test_the_metrics_of_a_session_with_one_cut(recorder: Recorder) -> None:
    async with ear() as listening:
        received = await cut_once(recorder, listening)
    totals = recorder.totals()
    finals = totals.pop("deepgram.listen.final_latency")
    assert finals == sum(type(event).__name__ == "Results" for event in received)
    assert totals == {
        "deepgram.listen.time_to_first_result": 1,
        "deepgram.open_connections": 0,
        "deepgram.reconnects": 1,
        "deepgram.audio.sent": 2.0,
        "deepgram.audio.acknowledged": pytest.approx(2.0),
    }
    assert {frozenset(point.labels.items()) for points in recorder.points().values() for point in points} == {
        frozenset(SOCKET.items())
    }


async def test_refused_attempts_are_events_too(recorder: Recorder) -> None:
    async with ear() as listening:
        await cut_once(recorder, listening, Answer(status=503), Answer(status=429))
    span = recorder.span
    found = [(name, attributes.get("http.response.status_code")) for name, attributes in events(span)]
    assert found == [
        ("deepgram.connected", None),
        ("deepgram.connection_lost", None),
        ("deepgram.refused", 503),
        ("deepgram.refused", 429),
        ("deepgram.reconnected", None),
    ]
    assert standing(span) == (False, None)
    assert "deepgram.errors" not in recorder.totals()


async def test_connections_are_counted_while_they_are_open(recorder: Recorder) -> None:
    async with ear() as listening, client(recorder, listening.url) as dg, dg.listen.v1.connect(**RAW) as one:
        async with dg.listen.v1.connect(**RAW):
            assert recorder.totals()["deepgram.open_connections"] == 2
        assert recorder.totals()["deepgram.open_connections"] == 1
        await send(one, 0, 10)
        await anext(one)
        assert recorder.totals()["deepgram.audio.sent"] > 0  # not only at the end
    assert recorder.totals()["deepgram.open_connections"] == 0


async def test_a_session_that_fails_tells_what_it_lost(recorder: Recorder) -> None:
    async with ear(Step(drop_after=20, code=1011, results_until=5)) as listening, client(recorder, listening.url) as dg:
        with pytest.raises(ConnectionClosed) as caught:
            async with dg.listen.v1.connect(**RAW, reconnect=NEVER) as connection:
                await send(connection, 0, 20)
                async for _ in connection:
                    pass
    span = recorder.span
    attributes = said(span)
    assert standing(span) == (True, str(caught.value))
    assert attributes["deepgram.outcome"] == "failed"
    assert attributes["error.type"] == "ConnectionClosed"
    assert attributes["deepgram.close_code"] == 1011
    assert attributes["deepgram.audio.lost"] == caught.value.lost_audio_s == pytest.approx(0.75)
    totals = recorder.totals()
    assert (totals["deepgram.errors"], totals["deepgram.open_connections"]) == (1, 0)
    assert totals["deepgram.audio.lost"] == pytest.approx(0.75)
    assert recorder.points()["deepgram.errors"][0].labels == {**SOCKET, "error.type": "ConnectionClosed"}


async def test_a_failure_that_the_caller_caught_is_a_failure(recorder: Recorder) -> None:
    async with (
        ear(Step(drop_after=1)) as listening,
        client(recorder, listening.url) as dg,
        dg.listen.v1.connect(**RAW, reconnect=NEVER) as connection,
    ):
        await send(connection, 0, 1)
        with pytest.raises(ConnectionClosed):
            async for _ in connection:
                pass
    assert said(recorder.span)["deepgram.outcome"] == "failed"
    assert recorder.totals()["deepgram.errors"] == 1


async def test_a_refused_handshake(recorder: Recorder) -> None:
    async with ear(Step(refuse=401)) as listening, client(recorder, listening.url) as dg:
        with pytest.raises(AuthenticationError):
            async with dg.listen.v1.connect(**RAW):
                pass
    attributes = said(recorder.span)
    assert standing(recorder.span) == (True, None)  # the status code says it
    assert (attributes["error.type"], attributes["http.response.status_code"]) == ("401", 401)
    assert attributes["deepgram.outcome"] == "failed"
    assert events(recorder.span) == []
    assert recorder.totals() == {"deepgram.errors": 1}


async def test_a_server_that_is_not_there(recorder: Recorder) -> None:
    async with client(recorder, "http://127.0.0.1:9") as dg:
        with pytest.raises(ConnectError):
            async with dg.listen.v1.connect(**RAW):
                pass
    assert said(recorder.span)["error.type"] == "ConnectError"
    assert standing(recorder.span)[0]


async def test_an_agent_whose_settings_are_refused(recorder: Recorder) -> None:
    async with serve(voice=ToneVoice()) as server, client(recorder, server.url) as dg:
        with pytest.raises(ApiError) as caught:
            async with dg.agent.v1.connect({"agent": {"think": {"provider": {"type": "nobody"}}}}):
                pass
    assert said(recorder.span)["error.type"] == str(caught.value.status)
    assert said(recorder.span)["deepgram.error_code"] == caught.value.code


async def test_an_error_of_the_caller_is_none_of_the_session(recorder: Recorder) -> None:
    async with ear() as listening, client(recorder, listening.url) as dg:
        with pytest.raises(LookupError):
            async with dg.listen.v1.connect(**RAW):
                raise LookupError("the caller's own")
    assert said(recorder.span)["deepgram.outcome"] == "aborted"
    assert standing(recorder.span) == (False, None)
    assert "deepgram.errors" not in recorder.totals()


async def test_a_cancelled_body(recorder: Recorder) -> None:
    async with ear() as listening, client(recorder, listening.url) as dg:
        with anyio.CancelScope() as scope:
            async with dg.listen.v1.connect(**RAW) as connection:
                await send(connection, 0, 2)
                scope.cancel()
                await anyio.sleep_forever()
    assert said(recorder.span)["deepgram.outcome"] == "cancelled"
    assert standing(recorder.span) == (False, None)
    assert recorder.totals()["deepgram.open_connections"] == 0


async def test_a_session_cancelled_anywhere_ends_its_span_once(recorder: Recorder) -> None:
    async with ear() as listening, client(recorder, listening.url) as dg:

        async def work() -> None:
            async with dg.listen.v1.connect(**RAW) as connection:
                await send(connection, 0, 2)
                await connection.close_stream()
                async for _ in connection:
                    pass

        async def after() -> None:
            assert recorder.unfinished == 0

        count = await cancel_everywhere(work, after)
    assert len(recorder.ended) == count + 2
    assert {said(span)["deepgram.outcome"] for span in recorder.ended} == {"complete", "cancelled"}


async def test_a_block_that_is_thrown_away_ends_its_span(recorder: Recorder) -> None:
    async with ear() as listening, client(recorder, listening.url) as dg:
        block: Any = dg.listen.v1.connect(**RAW)
        await block.__aenter__()
        await block.gen.aclose()
    assert said(recorder.span)["deepgram.outcome"] == "cancelled"


async def test_a_speech_session(recorder: Recorder) -> None:
    async with (
        serve(voice=ToneVoice(word_s=0.02, pause_s=0)) as server,
        client(recorder, server.url) as dg,
        dg.speak.v1.connect(encoding="linear16", sample_rate=16_000) as connection,
    ):
        for text in ("Hello.", "And good bye."):
            await connection.synthesize(text).collect()
        stats = connection.stats
    attributes = said(recorder.span)
    assert recorder.span.name == "session /v1/speak"
    assert attributes["deepgram.text.sent"] == stats.text_chars_sent == 19
    assert attributes["deepgram.audio.received"] == stats.audio_s
    assert "deepgram.audio.sent" not in attributes
    assert "deepgram.audio.lost" not in attributes
    assert stats.reconnects == 0
    points = recorder.points()
    assert points["deepgram.speak.time_to_first_byte"][0].values == 2
    assert points["deepgram.audio.received"][0].total == stats.audio_s


async def test_a_span_tells_no_secret_of_the_request(recorder: Recorder) -> None:
    async with ear() as listening, client(recorder, listening.url) as dg:
        query = {"callback": "https://user:s3cret@example.com/", "keyterm": "wombat"}
        async with dg.listen.v1.connect(**RAW, extra_query=query):
            pass
    assert not [word for word in ("s3cret", "wombat", KEY) if word in recorder.span.to_json()]


@pytest.mark.parametrize("propagate", [False, True])
async def test_only_who_asks_for_it_sends_the_trace(propagate: bool, recorder: Recorder) -> None:
    async with api() as server, client(recorder, server.url, propagate=propagate) as dg:
        async with dg.listen.v1.connect(**RAW, extra_headers={"X-Mine": "1"}):
            pass
        with pytest.raises(ConfigError, match="extra_headers"):
            async with dg.listen.v1.connect(**RAW, extra_headers="none"):  # type: ignore[arg-type]
                pass
    context = recorder.ended[0].context
    assert context is not None
    sent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    assert server.request_headers.get("traceparent") == (sent if propagate else None)
    assert server.request_headers["x-mine"] == "1"
    assert "baggage" not in server.request_headers


async def test_reconnects_belong_to_the_same_trace(recorder: Recorder) -> None:
    seen: list[str] = []

    async def serve_once(server: Api, stream: ByteStream) -> None:
        end = await ServerEnd.accept(stream)
        seen.extend(value.decode() for name, value in end.request.extra_headers if name == b"traceparent")
        await end.send(CloseConnection(1012 if len(seen) == 1 else 1000))

    async with api(serve_once) as server, client(recorder, server.url, propagate=True) as dg:
        with pytest.raises(ConnectionClosed):
            async with dg.listen.v1.connect(
                **RAW, reconnect=ReconnectPolicy(first_s=0.01, max_attempts=1)
            ) as connection:
                async for _ in connection:
                    pass
    assert len(seen) == 2
    assert len(set(seen)) == 1


async def test_the_callers_span_is_the_parent_and_stays_the_present_one(recorder: Recorder) -> None:
    tracer = recorder.tracer_provider.get_tracer("caller")
    with tracer.start_as_current_span("mine") as mine:
        async with api() as server, client(recorder, server.url) as dg, dg.listen.v1.connect(**RAW):
            assert trace.get_current_span() is mine
    assert recorder.ended[0].parent == mine.get_span_context()
