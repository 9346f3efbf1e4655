"""Resampling: frequencies are kept, what cannot be kept is gone, nothing gets lost, and pieces make no difference."""

from __future__ import annotations

import importlib
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepgram_anyio.audio import Resampler
from deepgram_anyio.audio.device_list import Settings
from deepgram_anyio.audio.resample import Converter
from deepgram_anyio.audio.samples import swapped
from deepgram_anyio.errors import ConfigError

RATES = [(44100, 16000), (48000, 16000), (16000, 48000), (24000, 44100), (8000, 16000), (22050, 24000)]
SPEECH = np.random.default_rng(1).integers(-20000, 20000, 6000).astype("<i2").tobytes()


def tone(rate: int, frequency: float, seconds: float = 1.0, amplitude: float = 16000.0) -> bytes:
    times = np.arange(round(rate * seconds)) / rate
    return np.rint(amplitude * np.sin(2 * np.pi * frequency * times)).astype("<i2").tobytes()


def resampled(resampler: Any, *pieces: bytes) -> bytes:
    return b"".join([*(resampler.feed(piece) for piece in pieces), resampler.flush()])


def frames(data: bytes, channels: int = 1) -> Any:
    return np.frombuffer(data, "<i2").reshape(-1, channels).astype(float)


def strongest(data: bytes, rate: int) -> tuple[float, float]:
    """The frequency that is the strongest, and its amplitude."""
    samples = frames(data)[:, 0]
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) / len(samples) * 4
    peak = int(np.argmax(spectrum))
    return peak * rate / len(samples), float(spectrum[peak])


@pytest.mark.parametrize(("in_rate", "out_rate"), RATES)
@pytest.mark.parametrize("frequency", [440.0, 3000.0])
def test_a_tone_stays_the_same_tone(in_rate: int, out_rate: int, frequency: float) -> None:
    heard, amplitude = strongest(resampled(Resampler(in_rate, out_rate), tone(in_rate, frequency)), out_rate)
    assert heard == pytest.approx(frequency, abs=1.5)
    assert amplitude == pytest.approx(16000, rel=0.01)


@pytest.mark.parametrize(
    ("in_rate", "out_rate", "frequency"), [(44100, 16000, 9000), (48000, 16000, 12000), (16000, 8000, 5000)]
)
def test_what_the_lower_rate_cannot_have_is_gone(in_rate: int, out_rate: int, frequency: int) -> None:
    samples = frames(resampled(Resampler(in_rate, out_rate), tone(in_rate, frequency)))
    middle = samples[out_rate // 10 : -out_rate // 10]  # a tone that begins at once is more than a tone, there
    assert np.abs(middle).max() < 16000 / 1000  # -60 dB


@pytest.mark.parametrize(("in_rate", "out_rate"), RATES)
@pytest.mark.parametrize("count", [0, 1, 99, 12345])
def test_no_frame_is_lost(in_rate: int, out_rate: int, count: int) -> None:
    resampler = Resampler(in_rate, out_rate, 2)
    for _ in range(2):  # it begins anew after a flush
        data = resampled(resampler, bytes(count * 4))
        assert len(data) % 4 == 0
        assert abs(len(data) / 4 - count * out_rate / in_rate) <= 1


@given(st.lists(st.integers(0, len(SPEECH)), max_size=8), st.sampled_from(RATES), st.integers(1, 2))
@settings(max_examples=50)
def test_pieces_make_no_difference(cuts: list[int], rates: tuple[int, int], channels: int) -> None:
    whole = resampled(Resampler(*rates, channels), SPEECH)
    edges = [0, *sorted(cuts), len(SPEECH)]
    assert resampled(Resampler(*rates, channels), *(SPEECH[a:b] for a, b in pairwise(edges))) == whole


def test_the_same_rate_changes_nothing() -> None:
    assert resampled(Resampler(16000, 16000, 3), SPEECH[:7], SPEECH[7:]) == SPEECH
    assert resampled(Resampler(16000, 16000, 2), SPEECH[:7]) == SPEECH[:4]


def test_loud_sound_is_clipped_and_not_folded() -> None:
    square = np.where(np.arange(4410) // 50 % 2, 32767, -32768).astype("<i2").tobytes()
    samples = frames(resampled(Resampler(44100, 16000), square))[100:-100, 0]
    signs = np.sign(
        frames(resampled(Resampler(44100, 16000), (frames(square) / 4).astype("<i2").tobytes()))[100:-100, 0]
    )
    assert np.array_equal(np.sign(samples), signs)


@pytest.mark.parametrize(("source", "target", "wanted"), [
    (1, 1, [[100], [-101]]),
    (1, 3, [[100] * 3, [-101] * 3]),
    (2, 1, [[200], [-2]]),
    (3, 2, [[100, 300], [-101, 98]]),
    (2, 4, [[100, 300, 0, 0], [-101, 98, 0, 0]]),
])  # fmt: skip
def test_channels(source: int, target: int, wanted: list[list[int]]) -> None:
    data = np.array([[100, 300, 7][:source], [-101, 98, 7][:source]]).astype("<i2").tobytes()
    converter = Converter(Settings(16000, source), Settings(16000, target))
    assert frames(resampled(converter, data[:3], data[3:]), target).tolist() == wanted


def test_the_mean_of_loud_channels_does_not_overflow() -> None:
    converter = Converter(Settings(48000, 2), Settings(48000, 1))
    assert frames(converter.feed(np.array([32767, 32767, -32768, -32768], "<i2").tobytes())).tolist() == [
        [32767],
        [-32768],
    ]


def test_channels_and_rate_at_once() -> None:
    stereo = np.repeat(np.frombuffer(tone(48000, 440), "<i2"), 2).astype("<i2").tobytes()
    heard = resampled(Converter(Settings(48000, 2), Settings(16000, 1)), stereo[:1001], stereo[1001:])
    assert len(heard) == 32000
    assert strongest(heard, 16000)[0] == 440
    back = resampled(Converter(Settings(16000, 1), Settings(48000, 2)), heard)
    assert len(back) == len(stereo)
    assert np.array_equal(frames(back, 2)[:, 0], frames(back, 2)[:, 1])


@pytest.mark.parametrize("wrong", [(999, 16000, 1), (16000, 384_001, 1), (16000, 8000, 0), (16000, 8000, 65)])
def test_wrong_options(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ConfigError, match=r"sample_rate|channels"):
        Resampler(*wrong)


@pytest.mark.parametrize("name", ["numpy", "soxr"])
def test_what_is_missing_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "deepgram_anyio.audio.resample")
    with pytest.raises(ConfigError, match=r'pip install "deepgram-anyio\[audio\]"'):
        importlib.import_module("deepgram_anyio.audio.resample")


def test_byte_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    assert swapped(b"\1\2\3\4") == b"\1\2\3\4"
    monkeypatch.setattr(sys, "byteorder", "big")
    assert swapped(b"\1\2\3\4") == b"\2\1\4\3"
