"""Programs that do not use OpenTelemetry load nothing of it, and those that do pay nothing for the audio they send."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.metrics import Histogram, NoOpMeter, NoOpMeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from deepgram_anyio import ClientConfig, DeepgramClient, Telemetry
from deepgram_anyio.telemetry.instruments import Instruments, instruments
from deepgram_anyio.telemetry.watch import CallWatch, SessionWatch, watch_call, watch_session

from ..promises.ear import KEY, RAW, Ear, Step, ear, speech
from .support import Recorder

ROOT = Path(__file__).parent.parent.parent

SESSION = """
import sys
import anyio
from deepgram_anyio import DeepgramClient
from deepgram_anyio.local import serve
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice

async def main():
    async with serve(recognizer=ScriptedRecognizer(["hello"]), voice=ToneVoice(word_s=0.02)) as server:
        async with DeepgramClient("any", base_url=server.url) as dg:
            async with dg.listen.v1.stream(bytes(32000), encoding="linear16", sample_rate=16000) as results:
                assert [event async for event in results]
            await dg.speak.v1.generate("Hi.", encoding="linear16", container="none")
"""


def run(program: str, **environ: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_program_without_it_loads_nothing(backend: str) -> None:
    loaded = run(f"{SESSION}\nanyio.run(main, backend={backend!r})\nprint(*sys.modules)").split()
    assert "deepgram_anyio.telemetry.watch" in loaded
    unwanted = [name for name in loaded if name.startswith(("opentelemetry", "deepgram_anyio.telemetry."))]
    assert set(unwanted) == {"deepgram_anyio.telemetry.settings", "deepgram_anyio.telemetry.watch"}


def test_a_program_that_sets_global_providers_is_told() -> None:
    providers = """
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

anyio.run(main)  # with no provider yet
spans, reader, provider = InMemorySpanExporter(), InMemoryMetricReader(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)
metrics.set_meter_provider(MeterProvider([reader]))
anyio.run(main)
print(*sorted(span.name for span in spans.get_finished_spans()), sep=",")
(resource,) = reader.get_metrics_data().resource_metrics
print(*sorted(metric.name for scope in resource.scope_metrics for metric in scope.metrics), sep=",")
"""
    spans, metrics = run(SESSION + providers).splitlines()
    assert spans == "POST /v1/speak,session /v1/listen"
    assert {"http.client.request.duration", "deepgram.audio.sent", "deepgram.open_connections"} <= set(
        metrics.split(",")
    )


def test_it_can_be_switched_off(recorder: Recorder) -> None:
    off = recorder.telemetry(enabled=False)
    assert type(watch_call(off, url="http://h/v1/x", name="GET /v1/x")) is CallWatch
    assert type(watch_session(off, url="ws://h/v1/x", path="/v1/x")) is SessionWatch


def counting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the metrics that are recorded from now on."""
    taken: list[str] = []
    original = Instruments.take

    def take(self: Instruments, name: str, value: float, attributes: dict[str, Any]) -> None:
        taken.append(name)
        original(self, name, value, attributes)

    monkeypatch.setattr(Instruments, "take", take)
    return taken


async def stream(listening: Ear, telemetry: Telemetry, chunks: int) -> None:
    config = ClientConfig(proxy="", telemetry=telemetry)
    async with (
        DeepgramClient(KEY, base_url=listening.url, config=config) as dg,
        dg.listen.v1.connect(**RAW) as connection,
    ):
        for chunk in speech(0, chunks):
            await connection.send(chunk)


@pytest.mark.anyio
async def test_audio_that_is_sent_is_told_to_nobody(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = counting(monkeypatch)
    figures = []
    async with ear(*[Step(late_s=0.01)] * 2) as listening:  # one final result each, at the end
        for chunks in (1, 200):
            taken.clear()
            await stream(listening, recorder.telemetry(), chunks)
            figures.append(sorted(taken))
    assert figures[0] == figures[1] != []


@pytest.mark.anyio
async def test_spans_that_are_not_sampled_cost_no_metric(recorder: Recorder) -> None:
    sampled_out = Telemetry(tracer_provider=TracerProvider(sampler=ALWAYS_OFF), meter_provider=recorder.meter_provider)
    async with ear() as listening:
        await stream(listening, sampled_out, 10)
    assert recorder.ended == []
    assert recorder.totals()["deepgram.audio.sent"] == 0.5


class OldMeter(NoOpMeter):
    """Of an API that knows no advice on buckets."""

    def create_histogram(self, name: str, unit: str = "", description: str = "", **advice: Any) -> Histogram:
        if advice:
            raise TypeError("create_histogram() got an unexpected keyword argument")
        return super().create_histogram(name, unit, description)


class OldMeterProvider(NoOpMeterProvider):
    def get_meter(self, name: str, *args: Any, **more: Any) -> OldMeter:
        return OldMeter(name)


def test_an_old_api_will_do() -> None:
    made = instruments(None, OldMeterProvider())
    made.take("http.client.request.duration", 1.0, {})
