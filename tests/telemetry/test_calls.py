"""One span for one REST call, with its retries as events, and the metrics beside it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind

from deepgram_anyio import (
    AuthenticationError,
    ConnectionClosed,
    DeepgramClient,
    DeepgramTimeoutError,
    Limits,
    RemoteProtocolError,
    ServerError,
)

from ..cancellation import cancel_everywhere
from ..rest.clients import talking
from ..rest_peer import Answer, Asked, Reply, RestPeer, json_reply
from .support import Recorder, events, said, standing

pytestmark = pytest.mark.anyio

SPEECH = Reply(headers={"content-type": "audio/wav", "dg-request-id": "r-2"}, body=b"RIFF" * 100)
BUSY = Reply(503, {"dg-request-id": "r-1"}, b'{"err_code": "BUSY", "err_msg": "no room"}')
PROJECTS = json_reply({"projects": []}, dg_request_id="r-1")
LABELS = {"http.request.method": "POST", "url.template": "/v1/speak"}


def observed(
    recorder: Recorder, answers: Reply | list[Reply] | Answer, **settings: Any
) -> AbstractAsyncContextManager[tuple[DeepgramClient, RestPeer]]:
    return talking(answers, telemetry=recorder.telemetry(**settings))


async def never(asked: Asked) -> Reply:
    await anyio.sleep_forever()
    raise AssertionError


async def test_a_call_is_one_span(recorder: Recorder) -> None:
    async with observed(recorder, PROJECTS) as (dg, _):
        await dg.manage.v1.projects.list()
    span = recorder.span
    assert (span.name, span.kind, standing(span)) == ("GET /v1/projects", SpanKind.CLIENT, (False, None))
    attributes = said(span)
    assert attributes.pop("url.full").startswith("http://127.0.0.1:")
    assert attributes == {
        "http.request.method": "GET",
        "server.address": "127.0.0.1",
        "url.template": "/v1/projects",
        "http.response.status_code": 200,
        "deepgram.request_id": "r-1",
    }
    (point,) = recorder.points()["http.client.request.duration"]
    assert point.labels == {
        "http.request.method": "GET",
        "url.template": "/v1/projects",
        "http.response.status_code": 200,
    }
    assert (point.values, recorder.totals()) == (1, {"http.client.request.duration": 1})
    assert span.start_time is not None
    assert span.end_time is not None
    assert point.total == pytest.approx((span.end_time - span.start_time) / 1e9, abs=0.05)


async def test_identifiers_are_in_the_url_alone(recorder: Recorder) -> None:
    async with observed(recorder, json_reply({"project_id": "p-1", "name": "n"})) as (dg, _):
        await dg.manage.v1.projects.get("p-1")
    assert recorder.span.name == "GET /v1/projects/{project_id}"
    assert said(recorder.span)["url.full"].endswith("/v1/projects/p-1")


async def test_a_retry_is_an_event_and_no_error(recorder: Recorder) -> None:
    async with observed(recorder, [BUSY, BUSY, SPEECH]) as (dg, _):
        await dg.speak.v1.generate("Hi.", model="aura-2-thalia-en")
    span = recorder.span
    assert standing(span) == (False, None)
    assert said(span)["http.request.resend_count"] == 2
    assert said(span)["deepgram.model"] == "aura-2-thalia-en"
    retries = events(span)
    assert [(name, attributes["http.request.resend_count"]) for name, attributes in retries] == [
        ("deepgram.retry", 1),
        ("deepgram.retry", 2),
    ]
    first = retries[0][1]
    assert 0 <= first["deepgram.wait"] <= 0.001
    assert "no room" in first["deepgram.cause"]
    assert (first["error.type"], first["deepgram.request_id"]) == ("503", "r-1")
    assert recorder.totals() == {"http.client.request.duration": 1, "deepgram.speak.time_to_first_byte": 1}
    assert recorder.points()["deepgram.speak.time_to_first_byte"][0].labels == {"url.template": "/v1/speak"}


async def test_a_call_that_fails_for_good(recorder: Recorder) -> None:
    async with observed(recorder, BUSY) as (dg, _):
        with pytest.raises(ServerError):
            await dg.speak.v1.generate("Hi.", max_retries=1)
    span = recorder.span
    assert standing(span) == (True, None)  # the status code says it
    attributes = said(span)
    assert (attributes["error.type"], attributes["http.response.status_code"]) == ("503", 503)
    assert (attributes["deepgram.error_code"], attributes["deepgram.request_id"]) == ("BUSY", "r-1")
    assert len(events(span)) == 1
    failed = {"url.template": "/v1/speak", "error.type": "503"}
    points = recorder.points()
    assert points["deepgram.errors"][0].labels == failed
    assert points["http.client.request.duration"][0].labels == {**LABELS, **failed, "http.response.status_code": 503}


async def test_a_call_that_is_refused_at_once(recorder: Recorder) -> None:
    async with observed(recorder, Reply(401)) as (dg, _):
        with pytest.raises(AuthenticationError):
            await dg.auth.v1.grant_token()
    assert events(recorder.span) == []
    assert "deepgram.error_code" not in said(recorder.span)


async def test_a_deadline(recorder: Recorder) -> None:
    async with observed(recorder, never) as (dg, _):
        with pytest.raises(DeepgramTimeoutError) as caught:
            await dg.speak.v1.generate("Hi.", timeout=0.05)
    assert said(recorder.span)["error.type"] == "TimeoutError"
    assert standing(recorder.span) == (True, str(caught.value))
    assert recorder.points()["deepgram.errors"][0].labels["error.type"] == "TimeoutError"


async def test_an_answer_that_breaks_off(recorder: Recorder) -> None:
    broken = Reply(headers={"content-type": "audio/wav", "content-length": "900"}, body=b"RIFF", cut=True)
    async with observed(recorder, broken) as (dg, _):
        with pytest.raises(ConnectionClosed):
            await dg.speak.v1.generate("Hi.")
    attributes = said(recorder.span)
    assert (attributes["error.type"], attributes["http.response.status_code"]) == ("ConnectionClosed", 200)


async def test_an_answer_that_is_too_long(recorder: Recorder) -> None:
    async with talking(SPEECH, telemetry=recorder.telemetry(), limits=Limits(max_response_bytes=10)) as (dg, _):
        with pytest.raises(RemoteProtocolError):
            await dg.speak.v1.generate("Hi.")
    assert said(recorder.span)["error.type"] == "RemoteProtocolError"


async def test_a_cancelled_call(recorder: Recorder) -> None:
    async with observed(recorder, never) as (dg, peer):
        with anyio.move_on_after(0.05):
            await dg.speak.v1.generate("Hi.")
        assert peer.asked
    assert said(recorder.span)["error.type"] == "cancelled"
    assert standing(recorder.span) == (True, None)
    assert "deepgram.errors" not in recorder.totals()


async def test_a_call_cancelled_anywhere_ends_its_span_once(recorder: Recorder) -> None:
    async with observed(recorder, SPEECH) as (dg, _):

        async def work() -> None:
            async with dg.speak.v1.stream("Hi.") as speech:
                async for _ in speech:
                    pass

        async def after() -> None:
            assert recorder.unfinished == 0

        count = await cancel_everywhere(work, after)
    assert len(recorder.ended) == count + 2


async def test_a_stream_s_span_ends_with_its_block(recorder: Recorder) -> None:
    async with observed(recorder, SPEECH) as (dg, _):
        async with dg.speak.v1.stream("Hi.") as speech:
            assert recorder.unfinished == 1
            assert recorder.totals() == {"deepgram.speak.time_to_first_byte": 1}
            await anext(speech)
        assert recorder.unfinished == 0
        with pytest.raises(LookupError):
            async with dg.speak.v1.stream("Hi."):
                raise LookupError
    first, second = recorder.ended
    assert standing(first) == (False, None)
    assert said(second)["error.type"] == "LookupError"


async def test_spans_belong_to_the_caller_s_and_change_nothing_there(recorder: Recorder) -> None:
    tracer = recorder.tracer_provider.get_tracer("caller")
    async with observed(recorder, SPEECH) as (dg, _):
        with tracer.start_as_current_span("mine") as mine:
            async with dg.speak.v1.stream("Hi."):
                assert trace.get_current_span() is mine
            await dg.speak.v1.generate("Hi.")
    one, two, _ = recorder.ended
    assert one.parent == two.parent == mine.get_span_context()


async def test_tasks_of_one_caller_have_parents_of_their_own(recorder: Recorder) -> None:
    tracer = recorder.tracer_provider.get_tracer("caller")

    async with observed(recorder, SPEECH) as (dg, _):

        async def work(name: str) -> None:
            with tracer.start_as_current_span(name):
                await dg.speak.v1.generate("Hi.")

        async with anyio.create_task_group() as tasks:
            for number in range(5):
                tasks.start_soon(work, f"task {number}")
    mine = {span.context.span_id: span for span in recorder.ended if span.context and span.parent is None}
    calls = [span.parent.span_id for span in recorder.ended if span.parent is not None]
    assert sorted(calls) == sorted(mine)


@pytest.mark.parametrize("propagate", [False, True])
async def test_only_who_asks_for_it_sends_the_trace(propagate: bool, recorder: Recorder) -> None:
    async with observed(recorder, [BUSY, SPEECH], propagate=propagate) as (dg, peer):
        await dg.speak.v1.generate("Hi.")
    context = recorder.span.context
    assert context is not None
    sent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}" if propagate else None
    assert [asked.headers.get("traceparent") for asked in peer.asked] == [sent, sent]
    assert not any("baggage" in asked.headers for asked in peer.asked)


async def test_a_span_tells_no_secret_of_the_request(recorder: Recorder) -> None:
    async with observed(recorder, json_reply({"request_id": "r"})) as (dg, _):
        query = {"tag": "wombat"}
        await dg.listen.v1.transcribe_url(
            "https://example.com/a.wav?sig=s3cret", callback="https://u:s3cret@example.com/", extra_query=query
        )
    assert not [word for word in ("s3cret", "wombat", "key-1") if word in recorder.span.to_json()]
