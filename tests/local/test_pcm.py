from __future__ import annotations

import itertools
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from deepgram_anyio.errors import ConfigError
from deepgram_anyio.local.engines.base import RECOGNIZER_RATE
from deepgram_anyio.local.engines.pcm import ENCODINGS, PcmDecoder, PcmEncoder, decode_pcm, encode_pcm

RATES = [1000, 6000, 8000, 11_025, 16_000, 22_050, 44_100, 48_000, 384_000]
EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)


def samples_of(data: bytes) -> NDArray[np.int16]:
    return np.frombuffer(data, np.int16)


def tone(frequency: float, *, rate: int, duration_s: float = 0.5, level: float = 0.5) -> NDArray[np.int16]:
    at = np.arange(int(rate * duration_s)) / rate
    return (np.sin(2 * np.pi * frequency * at) * level * 32767).astype(np.int16)


def decode_all(decoder: PcmDecoder, pieces: list[bytes]) -> list[bytes]:
    ready = [*(decoder.feed(piece) for piece in pieces), decoder.flush()]
    return [b"".join(parts) for parts in zip(*ready, strict=True)]


def spectrum(data: NDArray[np.int16]) -> NDArray[np.float64]:
    """Energy per Hz of what a recogniser is given."""
    return np.abs(np.fft.rfft(data, RECOGNIZER_RATE)) ** 2


@pytest.mark.parametrize(
    ("encoding", "data", "expected"),
    [
        ("linear16", bytes.fromhex("0000 0100 ffff ff7f 0080"), [0, 1, -1, 32767, -32768]),
        ("linear32", struct.pack("<6f", 0.0, 0.5, -1.0, 1.0, 7.0, -9e37), [0, 16384, -32768, 32767, 32767, -32768]),
        ("linear32", struct.pack("<3f", float("nan"), float("inf"), float("-inf")), [0, 32767, -32768]),
        # The decision values of the recommendation's tables, shifted from 14 and 13 bits to 16.
        ("mulaw", bytes.fromhex("00 0f 70 7f 80 8f f0 ff"), [-32124, -16764, -120, 0, 32124, 16764, 120, 0]),
        ("alaw", bytes.fromhex("2a aa d5 55 80 00 c5 45"), [-32256, 32256, 8, -8, 5504, -5504, 264, -264]),
    ],
)
def test_decoded_values(encoding: str, data: bytes, expected: list[int]) -> None:
    assert samples_of(decode_pcm(data, encoding)).tolist() == expected


@pytest.mark.parametrize("encoding", ["linear16", "linear32"])
def test_linear_round_trip_is_exact(encoding: str) -> None:
    assert decode_pcm(encode_pcm(EVERY_SAMPLE.tobytes(), encoding), encoding) == EVERY_SAMPLE.tobytes()


@pytest.mark.parametrize("law", ["mulaw", "alaw"])
def test_g711_round_trip_is_within_half_a_step(law: str) -> None:
    decoded = samples_of(decode_pcm(encode_pcm(EVERY_SAMPLE.tobytes(), law), law)).astype(np.int32)
    error = np.abs(decoded - EVERY_SAMPLE)
    # A step is a sixteenth of its segment: relative to the magnitude never above 1/32, and constant near zero.
    assert (error <= np.maximum(np.abs(EVERY_SAMPLE.astype(np.int32)) / 32 + 8, 16)).all()


@pytest.mark.parametrize("law", ["mulaw", "alaw"])
def test_g711_codes_survive_the_way_back(law: str) -> None:
    codes = bytes(range(256))
    again = encode_pcm(decode_pcm(codes, law), law)
    # Mu-law has two zeros, of which the negative one comes back as the positive one.
    assert [code for code in codes if again[code] != code] == ([0x7F] if law == "mulaw" else [])


@settings(max_examples=40, deadline=None)
@given(
    encoding=st.sampled_from(ENCODINGS),
    rate=st.sampled_from(RATES),
    channels=st.integers(1, 5),
    mix=st.booleans(),
    frames=st.integers(0, 3000),
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(0, 20_000), max_size=10),
)
def test_any_split_gives_the_same_samples(
    encoding: str, rate: int, channels: int, mix: bool, frames: int, seed: int, cuts: list[int]
) -> None:
    noise = np.random.default_rng(seed).integers(-20_000, 20_000, frames * channels).astype(np.int16)
    data = encode_pcm(noise.tobytes(), encoding)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(edges)]
    whole = decode_all(PcmDecoder(encoding, rate, channels, mix=mix), [data])
    assert decode_all(PcmDecoder(encoding, rate, channels, mix=mix), pieces) == whole
    assert len(whole) == (1 if mix else channels)
    assert len(whole[0]) / 2 == pytest.approx(frames * RECOGNIZER_RATE / rate, abs=2)


def test_recogniser_rate_passes_through() -> None:
    stereo = np.stack((EVERY_SAMPLE, EVERY_SAMPLE[::-1]), axis=1)
    left, right = PcmDecoder("linear16", RECOGNIZER_RATE, 2).feed(stereo.astype("<i2").tobytes())
    assert left == EVERY_SAMPLE.tobytes()
    assert right == EVERY_SAMPLE[::-1].tobytes()


def test_mix_is_the_average_and_does_not_overflow() -> None:
    frames = np.array([[100, 300], [32767, 32767], [-32768, -32768], [32767, -32767]], "<i2")
    (mono,) = PcmDecoder("linear16", RECOGNIZER_RATE, 2, mix=True).feed(frames.tobytes())
    assert samples_of(mono).tolist() == [200, 32767, -32768, 0]


@pytest.mark.parametrize("rate", [11_025, 22_050, 44_100, 48_000, 384_000])
def test_a_tone_stays_where_it_is(rate: int) -> None:
    (decoded,) = decode_all(PcmDecoder("linear16", rate), [tone(1000, rate=rate).astype("<i2").tobytes()])
    energy = spectrum(samples_of(decoded))
    assert energy[950:1050].sum() > 0.99 * energy.sum()


@pytest.mark.parametrize("rate", [6000, 8000])
def test_narrow_band_is_mirrored_above_4_khz(rate: int) -> None:
    (decoded,) = decode_all(PcmDecoder("linear16", rate), [tone(1000, rate=rate).astype("<i2").tobytes()])
    energy = spectrum(samples_of(decoded))
    assert energy[950:1050].sum() == pytest.approx(energy.sum() / 2, rel=0.02)
    assert energy[6950:7050].sum() == pytest.approx(energy.sum() / 2, rel=0.02)


def test_full_scale_does_not_wrap_round() -> None:
    square = np.where(np.arange(4410) // 50 % 2, 32767, -32768).astype("<i2")
    decoded = samples_of(decode_all(PcmDecoder("linear16", 44_100), [square.tobytes()])[0])
    # The filter overshoots at the edges; wrapping would put the other sign into a half-wave.
    middles = decoded[((np.arange(80) * 50 + 25) * 16_000 / 44_100).astype(int)]
    assert np.sign(middles).tolist() == [-1, 1] * 40
    assert np.abs(middles.astype(np.int32)).min() > 30_000


def test_flush_begins_anew() -> None:
    decoder = PcmDecoder("linear16", 44_100)
    data = tone(440, rate=44_100).astype("<i2").tobytes()
    first = decoder.feed(data + b"\x7f") + decoder.flush()
    assert decoder.feed(data) + decoder.flush() == first


@pytest.mark.parametrize("sample_rate", [8000, 16_000, 22_050, 24_000, 48_000])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encoder(encoding: str, sample_rate: int) -> None:
    voice = tone(500, rate=22_050)
    encoder = PcmEncoder(encoding, source_rate=22_050, sample_rate=sample_rate)
    split = b"".join(encoder.feed(voice[at : at + 100].tobytes()) for at in range(0, voice.size, 100))
    split += encoder.flush()
    assert encoder.feed(voice.tobytes()) + encoder.flush() == split
    decoded = samples_of(decode_pcm(split, encoding))
    assert decoded.size == pytest.approx(0.5 * sample_rate, abs=2)
    energy = np.abs(np.fft.rfft(decoded, sample_rate)) ** 2
    assert energy[450:550].sum() > 0.99 * energy.sum()


@pytest.mark.parametrize(
    ("encoding", "sample_rate", "channels", "message"),
    [
        ("opus", 16_000, 1, "encoding must be one of"),
        ("linear16", 999, 1, "sample_rate must be 1000"),
        ("linear16", 384_001, 1, "sample_rate must be 1000"),
        ("linear16", 16_000, 0, "channels must be 1 to 16"),
        ("linear16", 16_000, 17, "channels must be 1 to 16"),
    ],
)
def test_refused(encoding: str, sample_rate: int, channels: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        PcmDecoder(encoding, sample_rate, channels)


def test_encoder_refuses() -> None:
    with pytest.raises(ConfigError, match="encoding"):
        PcmEncoder("flac", source_rate=16_000, sample_rate=16_000)
    with pytest.raises(ConfigError, match="sample_rate"):
        PcmEncoder("alaw", source_rate=16_000, sample_rate=5)
    with pytest.raises(ConfigError, match="encoding"):
        decode_pcm(b"", "flac")
    with pytest.raises(ConfigError, match="encoding"):
        encode_pcm(b"", "flac")
