"""Levels: of every raw encoding and of WAV, however the audio is split, from the start or from the middle."""

from __future__ import annotations

import array
import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.local.engines.pcm import encode_pcm
from deepgram_anyio.local.page import levels
from deepgram_anyio.local.page.levels import LevelMeter
from deepgram_anyio.protocol.ledger import AudioFormat
from deepgram_anyio.protocol.wav import wav_header

RATE = 8000
SINE = array.array("h", (round(16384 * math.sin(index / 5)) for index in range(RATE))).tobytes()


def meter(encoding: str | None, channels: int = 1) -> LevelMeter:
    return LevelMeter(AudioFormat(encoding=encoding, sample_rate=RATE if encoding else None, channels=channels))


@pytest.mark.parametrize("encoding", ["linear16", "linear32", "mulaw", "alaw"])
def test_a_sine_of_half_the_scale(encoding: str) -> None:
    measured = meter(encoding)
    loudness = measured.feed(encode_pcm(SINE, encoding), 0.0)
    assert loudness is not None
    assert loudness.rms == pytest.approx(0.5 / math.sqrt(2), rel=0.02)
    assert loudness.peak == pytest.approx(0.5, rel=0.04)
    assert measured.seconds == 1.0


@given(cuts=st.lists(st.integers(1, 700), min_size=1, max_size=30), skipped=st.integers(0, 2000))
def test_a_sample_that_is_split_changes_nothing(cuts: list[int], skipped: int) -> None:
    audio = encode_pcm(SINE, "linear16")[: 2 * 4000]
    measured = meter("linear16")
    measured.skip(audio[:skipped])
    at, peaks = skipped, []
    for step, cut in enumerate([*cuts, len(audio)]):
        loudness = measured.feed(audio[at : at + cut], step * 1.0)
        at = min(len(audio), at + cut)
        peaks.append(loudness.peak if loudness else 0.0)
    # Bytes out of step would be noise of full scale.
    assert max(peaks) <= 0.51
    assert measured.seconds == 0.5


def test_levels_come_ten_times_a_second_and_none_is_lost() -> None:
    measured = meter("linear16")
    loud, quiet = SINE[:160], bytes(160)
    assert measured.feed(quiet, 0.0) is not None
    assert measured.feed(loud, 0.05) is None
    later = measured.feed(quiet, 0.1)
    assert later is not None
    assert later.peak > 0.4
    assert measured.feed(b"", 1.0) is None


def test_a_wav_container_from_its_beginning_and_in_pieces() -> None:
    wav = wav_header(data_bytes=len(SINE), sample_rate=RATE) + SINE
    measured = meter(None)
    measured.skip(wav[:20])
    assert measured.format is None
    measured.skip(wav[20:1001])
    loudness = measured.feed(wav[1001:], 0.0)
    assert loudness is not None
    assert loudness.peak == pytest.approx(0.5, rel=0.01)
    assert measured.seconds == pytest.approx(1.0)


def test_without_numpy_there_is_the_length_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    levels._arithmetic.cache_clear()
    monkeypatch.setitem(sys.modules, "deepgram_anyio.local.page.loudness", None)
    try:
        measured = meter("linear16")
        assert measured.feed(SINE, 0.0) is None
        assert measured.seconds == 1.0
    finally:
        levels._arithmetic.cache_clear()


@pytest.mark.parametrize("audio", [AudioFormat(), AudioFormat(encoding="opus", sample_rate=48000)])
def test_what_cannot_be_measured_has_no_level(audio: AudioFormat) -> None:
    measured = LevelMeter(audio)
    assert measured.feed(b"no audio that anybody knows" * 20, 0.0) is None
    assert measured.seconds == 0.0


def test_of_a_giant_message_the_end_is_looked_at() -> None:
    audio = bytes(1 << 20) + SINE
    loudness = meter("linear16", channels=2).feed(audio, 0.0)
    assert loudness is not None
    assert 0.1 < loudness.rms < 0.3
