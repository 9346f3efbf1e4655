"""Audio that is lost is counted once, whether a reconnect or the end of the session tells of it."""

from __future__ import annotations

from typing import Any

import pytest

from deepgram_anyio import ConnectionClosed, Reconnected
from deepgram_anyio.protocol.machine import Machine
from deepgram_anyio.protocol.measures import Measure
from deepgram_anyio.telemetry.watch import watch_session

from ..protocol import client
from .support import Recorder, said


class Stream:
    """What a session shows of itself."""

    def __init__(self) -> None:
        self.machine: Machine[Any] = client()
        self.request_id = "r-1"
        self.events_received = 0


def reconnected(lost_s: float) -> Reconnected:
    return Reconnected(attempt=1, gap_s=1.0, replayed_s=0.0, lost_s=lost_s, cause="a break", request_id=None)


@pytest.mark.parametrize(
    ("final_between", "lost_at_the_end", "lost"),
    [(False, 12.0, 12.0), (False, 3.0, 5.0), (True, 12.0, 17.0), (True, None, 5.0)],
)
def test_lost_audio(final_between: bool, lost_at_the_end: float | None, lost: float, recorder: Recorder) -> None:
    stream = Stream()
    with watch_session(recorder.telemetry(), url="ws://host/v1/listen", path="/v1/listen") as watch:
        watch.connected(stream)
        watch.broken(ConnectionClosed(), stream.request_id)
        watch.reconnected(reconnected(5.0))
        if final_between:  # of audio behind the gap
            assert stream.machine.measured is not None
            stream.machine.measured(Measure.FINAL, 0.1)
        stream.machine.fail(ConnectionClosed(lost_audio_s=lost_at_the_end))
        watch.ending()
    assert said(recorder.span)["deepgram.audio.lost"] == recorder.totals()["deepgram.audio.lost"] == lost
    assert said(recorder.span)["deepgram.request_ids"] == ("r-1",)


@pytest.mark.parametrize(
    ("url", "port"), [("wss://host/v1/listen", 443), ("ws://host/p/v1/listen?a=b", 80), ("ws://[::1]:8080/", 8080)]
)
def test_where_a_session_goes_to(url: str, port: int, recorder: Recorder) -> None:
    with watch_session(recorder.telemetry(), url=url, path="/v1/listen"):
        pass
    attributes = recorder.span.attributes or {}
    assert attributes["server.port"] == port
    assert attributes["url.full"] == url.partition("?")[0]
    assert attributes["server.address"] == ("::1" if "::1" in url else "host")
