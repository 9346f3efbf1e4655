"""The blocking clients: the same spans, whose parents are of the thread that asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan

from deepgram_anyio import ClientConfig, Telemetry
from deepgram_anyio.protocol import listen
from deepgram_anyio.sync import DeepgramClient, LiveOptions
from deepgram_anyio.sync.v4.client_options import DeepgramClientOptions
from deepgram_anyio.sync.v4.context import context_of, use_backend
from deepgram_anyio.sync.v4.manage import ManageClient
from deepgram_anyio.sync.v4.socket_listen import ListenWebSocketClient

from ..rest_peer import Reply, json_reply
from ..sync.socket_support import RAW, Record, config, local_server, stand_in
from ..sync.v4_rest_support import peer_of
from .support import Recorder, events, said, standing

SECOND = bytes(32_000)


def client(url: str, telemetry: Telemetry) -> DeepgramClient:
    return DeepgramClient("k", ClientConfig(base_url=url, proxy="", telemetry=telemetry))


def observed(config: DeepgramClientOptions, telemetry: Telemetry) -> DeepgramClientOptions:
    """A configuration of v4, which has no word for telemetry; programs set the global providers."""
    use_backend(config, replace(context_of(config).backend, telemetry=telemetry))
    return config


def children(recorder: Recorder, parent: trace.Span) -> list[ReadableSpan]:
    return [span for span in recorder.ended if span.parent == parent.get_span_context()]


def test_calls_and_sessions_have_the_callers_span_as_parent(recorder: Recorder) -> None:
    tracer = recorder.tracer_provider.get_tracer("caller")
    with (
        local_server() as server,
        client(server.url, recorder.telemetry()) as dg,
        tracer.start_as_current_span("mine") as mine,
    ):
        dg.speak.v1.generate("Hi.", encoding="linear16", container="none")
        with dg.listen.v1.stream(SECOND, **RAW) as results:
            assert any(isinstance(event, listen.Results) for event in results)
        assert trace.get_current_span() is mine
    assert [span.name for span in children(recorder, mine)] == ["POST /v1/speak", "session /v1/listen"]
    assert said(recorder.ended[1])["deepgram.outcome"] == "complete"
    assert said(recorder.ended[1])["deepgram.audio.sent"] == 1.0
    assert recorder.totals()["deepgram.open_connections"] == 0


def test_an_error_of_the_block_ends_the_span(recorder: Recorder) -> None:
    with (
        stand_in() as server,
        client(server.url, recorder.telemetry()) as dg,
        pytest.raises(LookupError),
        dg.listen.v1.connect(**RAW),
    ):
        raise LookupError
    assert said(recorder.span)["deepgram.outcome"] == "aborted"


def test_rest_calls_of_v4(recorder: Recorder) -> None:
    with peer_of([Reply(503), json_reply({"projects": []})]) as (options, _):
        ManageClient(observed(options, recorder.telemetry())).get_projects()
    assert recorder.span.name == "GET /v1/projects"
    assert [name for name, _ in events(recorder.span)] == ["deepgram.retry"]
    assert standing(recorder.span) == (False, None)


def test_sockets_of_v4(recorder: Recorder) -> None:
    tracer = recorder.tracer_provider.get_tracer("caller")
    with stand_in() as server:
        old = ListenWebSocketClient(observed(config(server.url), recorder.telemetry()))
        record = Record(old)
        with tracer.start_as_current_span("mine") as mine:
            assert old.start(LiveOptions(**RAW))
        old.send(SECOND)
        assert old.finish()
        record.wait_for("Close")
    (span,) = children(recorder, mine)
    assert (span.name, said(span)["deepgram.outcome"]) == ("session /v1/listen", "complete")
    assert said(span)["deepgram.audio.sent"] == 1.0
