from __future__ import annotations

import contextlib
import io
import itertools
import struct
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.protocol.wav import MAX_HEADER_BYTES, WavError, WavFormat, WavReader, is_wav, wav_header

SAMPLES = bytes(range(200))
SUBTYPE_SUFFIX = bytes.fromhex("000000001000800000aa00389b71")


def chunk(kind: bytes, body: bytes, *, size: int | None = None) -> bytes:
    padding = b"\0" if len(body) % 2 else b""
    return struct.pack("<4sI", kind, len(body) if size is None else size) + body + padding


def fmt(tag: int = 1, *, channels: int = 1, rate: int = 16_000, bits: int = 16, extra: bytes = b"") -> bytes:
    align = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * align, align, bits) + extra)


def extensible(sub_tag: int, *, bits: int = 16, suffix: bytes = SUBTYPE_SUFFIX) -> bytes:
    extra = struct.pack("<HHI", 22, bits, 4) + struct.pack("<H", sub_tag) + suffix
    return fmt(0xFFFE, bits=bits, extra=extra)


def riff(*chunks: bytes, form: bytes = b"RIFF") -> bytes:
    body = b"".join(chunks)
    return struct.pack("<4sI4s", form, 4 + len(body), b"WAVE") + body


def read(stream: bytes, *, step: int | None = None) -> tuple[WavFormat, bytes]:
    reader = WavReader()
    step = step or len(stream)
    samples = b"".join(reader.feed(stream[at : at + step]) for at in range(0, len(stream), step))
    reader.close()
    assert reader.format is not None
    return reader.format, samples


@pytest.mark.parametrize(
    ("header", "encoding", "tag"),
    [
        (fmt(1, bits=16), "linear16", 1),
        (fmt(3, bits=32), "linear32", 3),
        (fmt(7, bits=8, extra=b"\0\0"), "mulaw", 7),
        (fmt(6, bits=8, extra=b"\0\0"), "alaw", 6),
        (extensible(1), "linear16", 1),
        (extensible(3, bits=32), "linear32", 3),
        (extensible(7, bits=8), "mulaw", 7),
        (fmt(1, bits=32), None, 1),
        (fmt(1, bits=24), None, 1),
        (fmt(1, bits=8), None, 1),
        (fmt(3, bits=64), None, 3),
        (fmt(0x55, bits=0), None, 0x55),
        (extensible(1, suffix=b"another codec!"), None, 0xFFFE),
        (fmt(0xFFFE), None, 0xFFFE),
    ],
)
def test_encodings(header: bytes, encoding: str | None, tag: int) -> None:
    format_, samples = read(riff(header, chunk(b"data", SAMPLES)))
    assert (format_.encoding, format_.format_tag) == (encoding, tag)
    assert samples == SAMPLES


def test_numbers_of_the_format() -> None:
    format_, _ = read(riff(fmt(1, channels=2, rate=44_100), chunk(b"data", SAMPLES)))
    assert format_ == WavFormat(
        encoding="linear16",
        sample_rate=44_100,
        channels=2,
        bits=16,
        block_align=4,
        byte_rate=176_400,
        format_tag=1,
    )


odd_chunk = st.tuples(st.sampled_from([b"LIST", b"fact", b"bext", b"JUNK"]), st.binary(max_size=41))


@given(
    before=st.lists(odd_chunk, max_size=3),
    between=st.lists(odd_chunk, max_size=3),
    after=st.lists(odd_chunk, max_size=2),
    samples=st.binary(min_size=1, max_size=99),
    cuts=st.lists(st.integers(0, 400), max_size=12),
)
def test_any_split_of_any_layout(
    before: list[tuple[bytes, bytes]],
    between: list[tuple[bytes, bytes]],
    after: list[tuple[bytes, bytes]],
    samples: bytes,
    cuts: list[int],
) -> None:
    stream = riff(
        *(chunk(*odd) for odd in before),
        fmt(7, bits=8, extra=b"\0\0"),
        *(chunk(*odd) for odd in between),
        chunk(b"data", samples),
        *(chunk(*odd) for odd in after),
    )
    reader = WavReader()
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    taken = b"".join(reader.feed(stream[start:end]) for start, end in itertools.pairwise(edges))
    reader.close()
    assert taken == samples
    assert reader.data_bytes == len(samples)
    assert reader.format is not None
    assert reader.format.encoding == "mulaw"


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_unknown_size_means_up_to_the_end(size: int) -> None:
    reader = WavReader()
    stream = riff(fmt(), chunk(b"LIST", b"odd"), chunk(b"data", SAMPLES, size=size))
    assert reader.feed(stream) == SAMPLES
    assert reader.feed(SAMPLES) == SAMPLES
    assert reader.data_bytes is None


def test_rf64_says_its_size_apart() -> None:
    ds64 = chunk(b"ds64", struct.pack("<QQQI", 0, len(SAMPLES), 0, 0))
    stream = riff(ds64, fmt(), chunk(b"data", SAMPLES, size=0xFFFFFFFF), chunk(b"LIST", b"later"), form=b"RF64")
    assert read(stream)[1] == SAMPLES


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (b"ID3\x04" + bytes(20), "not a RIFF/WAVE"),
        (b"RIFF\0\0\0\0AVI " + bytes(20), "not a RIFF/WAVE"),
        (b"RIFX\0\0\0\0WAVE" + bytes(20), "big-endian"),
        (riff(chunk(b"data", SAMPLES)), "does not describe its samples"),
        (riff(chunk(b"fmt ", bytes(14)), chunk(b"data", SAMPLES)), "too short: 14 bytes"),
        (riff(chunk(b"ds64", bytes(8)), form=b"RF64"), "too short: 8 bytes"),
        (riff(fmt(channels=0)), "0 channels"),
        (riff(fmt(rate=0)), "at 0 Hz"),
        (riff(chunk(b"fmt ", struct.pack("<HHIIHH", 1, 2, 8000, 16000, 2, 16))), "contradicts itself"),
        (riff(fmt(), chunk(b"LIST", b"", size=MAX_HEADER_BYTES)), "longer than"),
    ],
)
def test_refused(stream: bytes, message: str) -> None:
    reader = WavReader()
    with pytest.raises(WavError, match=message):
        reader.feed(stream)
    with pytest.raises(WavError, match=message):
        reader.feed(SAMPLES)
    with pytest.raises(WavError, match=message):
        reader.close()


def test_many_small_chunks_are_too_much_as_well() -> None:
    reader = WavReader(max_header_bytes=100)
    reader.feed(riff(fmt()))
    with pytest.raises(WavError, match="longer than 100 bytes"):
        for _ in range(10):
            reader.feed(chunk(b"JUNK", b"1234"))


@pytest.mark.parametrize("length", [0, 5, 12, 20, 43])
def test_end_inside_the_header(length: int) -> None:
    reader = WavReader()
    assert reader.feed(wav_header(sample_rate=8000)[:length]) == b""
    with pytest.raises(WavError, match="ended inside"):
        reader.close()


@given(st.binary(max_size=300))
def test_garbage_gives_only_wav_errors(garbage: bytes) -> None:
    reader = WavReader()
    with contextlib.suppress(WavError):
        reader.feed(riff() + garbage)
        reader.close()


@given(
    encoding=st.sampled_from(["linear16", "linear32", "mulaw", "alaw"]),
    sample_rate=st.integers(1, 384_000),
    channels=st.integers(1, 16),
    step=st.integers(1, 70),
    known=st.booleans(),
)
def test_what_is_written_is_read(encoding: str, sample_rate: int, channels: int, step: int, known: bool) -> None:
    header = wav_header(
        sample_rate=sample_rate,
        channels=channels,
        encoding=encoding,
        data_bytes=len(SAMPLES) if known else None,
    )
    format_, samples = read(header + SAMPLES, step=step)
    assert (format_.encoding, format_.sample_rate, format_.channels) == (encoding, sample_rate, channels)
    assert format_.byte_rate == format_.block_align * sample_rate
    assert samples == SAMPLES


def test_header_is_what_the_standard_library_reads_and_writes() -> None:
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(SAMPLES)
    assert written.getvalue() == wav_header(sample_rate=44_100, channels=2, data_bytes=len(SAMPLES)) + SAMPLES
    assert len(wav_header(sample_rate=44_100)) == 44


def test_header_that_cannot_be_written() -> None:
    with pytest.raises(WavError, match="'opus'"):
        wav_header(sample_rate=48_000, encoding="opus")
    with pytest.raises(WavError, match="0 channels"):
        wav_header(sample_rate=48_000, channels=0)
    with pytest.raises(WavError, match="cannot describe"):
        wav_header(sample_rate=48_000, data_bytes=2**32)


def test_is_wav() -> None:
    assert is_wav(wav_header(sample_rate=8000)[:12])
    assert is_wav(riff(form=b"RF64"))
    assert not is_wav(b"RIFF\0\0\0\0AVI ")
    assert not is_wav(b"RIFF")
    assert not is_wav(b"")
