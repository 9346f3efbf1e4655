"""The accounts of the audio: bytes, seconds, what final results cover, and how late they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.protocol.ledger import AudioFormat, Ledger

from . import LINEAR16, steady

STEREO = AudioFormat(encoding="linear16", sample_rate=8000, channels=2)
CONTAINER = AudioFormat()
CHUNK_BYTES = 640  # 20 ms of LINEAR16


@pytest.mark.parametrize(
    ("audio", "frame_bytes", "byte_rate"),
    [
        (AudioFormat(encoding="linear16", sample_rate=16000), 2, 32000),
        (AudioFormat(encoding="linear16", sample_rate=44100, channels=2), 4, 176400),
        (AudioFormat(encoding="linear32", sample_rate=8000), 4, 32000),
        (AudioFormat(encoding="mulaw", sample_rate=8000), 1, 8000),
        (AudioFormat(encoding="alaw", sample_rate=8000, channels=3), 3, 24000),
        (AudioFormat(encoding="linear16"), 2, None),
        (AudioFormat(encoding="opus", sample_rate=48000), None, None),
        (AudioFormat(sample_rate=16000), None, None),
        (CONTAINER, None, None),
    ],
)
def test_formats(audio: AudioFormat, frame_bytes: int | None, byte_rate: int | None) -> None:
    assert audio.frame_bytes == frame_bytes
    assert audio.byte_rate == byte_rate


def test_a_new_ledger() -> None:
    ledger = Ledger(LINEAR16)
    assert (ledger.sent_bytes, ledger.sent_s, ledger.acknowledged_s) == (0, 0.0, 0.0)
    assert (ledger.unacknowledged_s, ledger.latency_s) == (0.0, None)


@steady()
@given(st.lists(st.integers(0, 5000), max_size=50))
def test_bytes_and_seconds_add_up(chunks: list[int]) -> None:
    ledger = Ledger(LINEAR16)
    for index, chunk in enumerate(chunks):
        ledger.sent(chunk, float(index))
    assert ledger.sent_bytes == sum(chunks)
    assert ledger.sent_s == sum(chunks) / 32000
    assert ledger.unacknowledged_s == ledger.sent_s


def test_what_final_results_cover() -> None:
    ledger = Ledger(LINEAR16)
    ledger.sent(32000, 1.0)
    ledger.covered(0.75, 0, 1.5)
    assert (ledger.acknowledged_s, ledger.unacknowledged_s) == (0.75, 0.25)
    ledger.covered(0.5, 0, 1.6)
    assert ledger.acknowledged_s == 0.75
    ledger.covered(1.5, 0, 1.7)
    assert (ledger.acknowledged_s, ledger.unacknowledged_s) == (1.5, 0.0)


def test_every_channel_must_be_covered() -> None:
    ledger = Ledger(STEREO, result_channels=2)
    ledger.sent(64000, 2.0)
    ledger.covered(1.5, 0, 3.0)
    assert (ledger.acknowledged_s, ledger.unacknowledged_s) == (0.0, 2.0)
    ledger.covered(1.0, 1, 3.0)
    assert (ledger.acknowledged_s, ledger.unacknowledged_s) == (1.0, 1.0)
    for stranger in (2, -1):
        ledger.covered(2.0, stranger, 9.0)
        assert ledger.acknowledged_s == 1.0
        assert ledger.latency_s == 1.0


def test_bytes_of_a_container_tell_no_time() -> None:
    ledger = Ledger(CONTAINER)
    ledger.sent(1000, 0.0)
    ledger.covered(2.0, 0, 3.0)
    assert ledger.sent_bytes == 1000
    assert ledger.sent_s is None
    assert ledger.unacknowledged_s is None
    assert ledger.latency_s is None
    assert ledger.acknowledged_s == 2.0


@pytest.mark.parametrize("chunk_ms", [1, 5, 20, 100])
def test_latency_is_that_of_the_last_audio_covered(chunk_ms: int) -> None:
    ledger = Ledger(LINEAR16)
    for chunk in range(2000 // chunk_ms):
        ledger.sent(32 * chunk_ms, (chunk + 1) * chunk_ms / 1000)  # in real time
    ledger.covered(1.0, 0, 2.25)
    assert ledger.latency_s == pytest.approx(1.25, abs=0.021)
    ledger.covered(2.0, 0, 2.5)
    assert ledger.latency_s == pytest.approx(0.5, abs=0.021)


def test_a_result_on_time_is_not_early() -> None:
    ledger = Ledger(LINEAR16)
    ledger.sent(CHUNK_BYTES, 5.0)
    ledger.covered(0.02, 0, 4.0)  # clocks of two machines may differ, latencies are never negative
    assert ledger.latency_s == 0.0


def test_results_beyond_what_was_sent_leave_the_latency() -> None:
    ledger = Ledger(LINEAR16)
    ledger.sent(CHUNK_BYTES, 0.0)
    ledger.covered(0.02, 0, 0.5)
    ledger.covered(7.0, 0, 9.0)
    assert ledger.latency_s == 0.5
    assert ledger.unacknowledged_s == 0.0


def test_accounts_stay_small() -> None:
    ledger = Ledger(LINEAR16)
    for chunk in range(100_000):
        ledger.sent(CHUNK_BYTES // 4, chunk * 0.005)
    assert ledger.sent_s == 500.0
    assert len(ledger._marks) <= 8192
    ledger.covered(500.0, 0, 501.0)
    assert ledger.latency_s == pytest.approx(1.0, abs=0.021)
    assert len(ledger._marks) <= 2
