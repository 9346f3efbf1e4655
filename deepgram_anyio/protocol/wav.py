"""RIFF/WAVE headers: read them from a stream in pieces of any size, and write them.

The client reads a header to learn a file's encoding and to send its raw samples; the embedded server reads one in what
a client streams. Neither can seek, so `WavReader` is fed and never looks back, and sizes that a streaming writer could
not know (0 or 0xFFFFFFFF) mean "to the end of the stream".
"""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import Final

import msgspec

__all__ = ["MAX_HEADER_BYTES", "WavError", "WavFormat", "WavReader", "is_wav", "wav_header"]

MAX_HEADER_BYTES: Final = 1024 * 1024
"""Bytes of chunks accepted in front of the samples: album art and cue sheets fit, an endless header does not."""

_PCM = 0x0001
_IEEE_FLOAT = 0x0003
_ALAW = 0x0006
_MULAW = 0x0007
_EXTENSIBLE = 0xFFFE

_RAW_ENCODINGS: Final = {
    (_PCM, 16): "linear16",
    (_IEEE_FLOAT, 32): "linear32",
    (_MULAW, 8): "mulaw",
    (_ALAW, 8): "alaw",
}
_FORMATS: Final = {encoding: codec for codec, encoding in _RAW_ENCODINGS.items()}

# KSDATAFORMAT_SUBTYPE_*: an extensible header's sub-format is the plain format tag followed by this constant.
_SUBTYPE_SUFFIX: Final = bytes.fromhex("000000001000800000aa00389b71")

_UNKNOWN_SIZE: Final = 0xFFFFFFFF
_FORM_BYTES: Final = 12
_CHUNK_HEADER_BYTES: Final = 8

# Of the chunks that are read: the least that their body must have, and the most of it that matters.
_BODY_BYTES: Final = {b"fmt ": (16, 40), b"ds64": (16, 16)}


class WavError(ValueError):
    """What was read is not a RIFF/WAVE stream, or one that cannot be understood."""


class WavFormat(msgspec.Struct, frozen=True, kw_only=True):
    """What a ``fmt`` chunk says.

    Attributes:
        encoding: Deepgram's name of the raw encoding: ``linear16``, ``linear32`` (32-bit IEEE float), ``mulaw`` or
            ``alaw``; None when the samples are in a form that has no such name.
        sample_rate: frames per second.
        channels: samples per frame.
        bits: bits per sample, as stored.
        block_align: bytes per frame.
        byte_rate: bytes per second.
        format_tag: the WAVE format tag; the sub-format's for WAVE_FORMAT_EXTENSIBLE.
    """

    encoding: str | None
    sample_rate: int
    channels: int
    bits: int
    block_align: int
    byte_rate: int
    format_tag: int


class WavReader:
    """Takes a RIFF/WAVE stream apart: first the format, then the samples.

    Chunks other than ``fmt`` and ``data`` are skipped, in front of the samples and after them. RF64 (EBU Tech 3306) is
    read too. Only a few bytes are ever kept.

    Args:
        max_header_bytes: the most bytes in front of the samples; default `MAX_HEADER_BYTES`.

    Attributes:
        format: what the header says; None until it was read.
        data_bytes: length of the samples in bytes, as the header says; None before that, and when it does not say.
    """

    def __init__(self, *, max_header_bytes: int = MAX_HEADER_BYTES) -> None:
        self.format: WavFormat | None = None
        self.data_bytes: int | None = None
        self._max_header_bytes = max_header_bytes
        self._header_bytes = 0
        self._rf64_data_bytes: int | None = None
        self._error: WavError | None = None
        self._to_skip = 0
        self._in_data = False
        self._data_left: int | None = None
        self._block = bytearray()
        self._parser = self._parse_header()
        self._wanted = next(self._parser)

    def feed(self, data: bytes | bytearray | memoryview) -> bytes:
        """Take the next piece of the stream, of any length.

        Returns:
            The samples that it held, as they are in the stream; empty while the header is not complete. A frame may
            be split between two calls.

        Raises:
            WavError: this is not a RIFF/WAVE stream, its format makes no sense, or its header is too long. Every
                later call raises it again.
        """
        if self._error is not None:
            raise self._error
        rest = memoryview(data).cast("B")
        try:
            while rest and not self._in_data:
                rest = self._take_header(rest)
        except WavError as error:
            self._error = error
            raise
        return self._take_samples(rest)

    def close(self) -> None:
        """Say that the stream has ended.

        Raises:
            WavError: it ended before its first sample could have come.
        """
        if not self._in_data:
            raise self._error or WavError("the stream ended inside the WAVE header")

    def _take_header(self, data: memoryview) -> memoryview:
        """Skip, or collect the block that the parser waits for; return what was not used."""
        if self._to_skip:
            skipped = min(self._to_skip, len(data))
            self._to_skip -= skipped
            return data[skipped:]
        taken = data[: self._wanted - len(self._block)]
        self._block += taken
        if len(self._block) == self._wanted:
            block = bytes(self._block)
            self._block.clear()
            self._wanted = self._parser.send(block)
        return data[len(taken) :]

    def _take_samples(self, data: memoryview) -> bytes:
        if self._data_left is None:
            return bytes(data)
        samples = bytes(data[: self._data_left])
        self._data_left -= len(samples)
        return samples

    def _parse_header(self) -> Generator[int, bytes, None]:
        """Yield how many bytes are wanted next; take them."""
        _check_form((yield self._count(_FORM_BYTES)))
        while True:
            kind, size = struct.unpack("<4sI", (yield self._count(_CHUNK_HEADER_BYTES)))
            if kind == b"data":
                break
            padded = self._count(size + (size & 1))
            least, most = _BODY_BYTES.get(kind, (0, 0))
            if size < least:
                raise WavError(f"the WAVE header's {kind.decode()!r} chunk is too short: {size} bytes")
            kept = min(size, most)
            if kept:
                self._read_body(kind, (yield kept))
            self._to_skip = padded - kept
        self._begin_data(size)
        yield 0  # nothing: samples follow, and this is not asked again

    def _read_body(self, kind: bytes, body: bytes) -> None:
        if kind == b"fmt ":
            self.format = _parse_format(body)
        else:
            (self._rf64_data_bytes,) = struct.unpack("<8xQ", body)

    def _begin_data(self, size: int) -> None:
        if self.format is None:
            raise WavError("the WAVE header does not describe its samples: there is no 'fmt ' chunk in front of them")
        if size == _UNKNOWN_SIZE and self._rf64_data_bytes:
            self.data_bytes = self._rf64_data_bytes
        elif size not in (0, _UNKNOWN_SIZE):
            self.data_bytes = size
        self._data_left = self.data_bytes
        self._in_data = True

    def _count(self, size_bytes: int) -> int:
        self._header_bytes += size_bytes
        if self._header_bytes > self._max_header_bytes:
            raise WavError(f"the WAVE header is longer than {self._max_header_bytes} bytes")
        return size_bytes


def is_wav(head: bytes | bytearray | memoryview) -> bool:
    """Tell from a stream's first 12 bytes, or more, whether a `WavReader` may be able to read it."""
    return bytes(head[:4]) in (b"RIFF", b"RF64") and bytes(head[8:12]) == b"WAVE"


def wav_header(
    *,
    sample_rate: int,
    channels: int = 1,
    data_bytes: int | None = None,
    encoding: str = "linear16",
) -> bytes:
    """Make the header that goes in front of raw samples.

    Args:
        sample_rate: frames per second.
        channels: samples per frame.
        data_bytes: length of the samples that will follow; None, the default, when it is not known: readers then take
            everything up to the end of the stream.
        encoding: ``linear16``, ``linear32``, ``mulaw`` or ``alaw``.

    Returns:
        44 bytes for ``linear16``, 58 for the others, whose headers need two fields more.

    Raises:
        WavError: an encoding without a WAVE format, or a number that its field cannot hold.
    """
    try:
        tag, bits = _FORMATS[encoding]
    except KeyError:
        raise WavError(f"no WAVE format for the encoding {encoding!r}") from None
    if channels < 1 or sample_rate < 1:
        raise WavError(f"samples need a channel and a sample rate, not {channels} channels at {sample_rate} Hz")
    align = channels * bits // 8
    try:
        fmt = struct.pack("<HHIIHH", tag, channels, sample_rate, sample_rate * align, align, bits)
        if tag != _PCM:  # a size of the extension, and a count of the frames, are required of all formats but PCM
            frames = _UNKNOWN_SIZE if data_bytes is None else data_bytes // align
            chunks = _chunk(b"fmt ", fmt + b"\0\0") + _chunk(b"fact", struct.pack("<I", frames))
        else:
            chunks = _chunk(b"fmt ", fmt)
        size = _UNKNOWN_SIZE if data_bytes is None else data_bytes
        form_size = min(4 + len(chunks) + _CHUNK_HEADER_BYTES + size + (size & 1), _UNKNOWN_SIZE)
        return struct.pack("<4sI4s", b"RIFF", form_size, b"WAVE") + chunks + struct.pack("<4sI", b"data", size)
    except struct.error as error:
        raise WavError(f"a WAVE header cannot describe these samples: {error}") from error


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(body)) + body


def _check_form(head: bytes) -> None:
    if not is_wav(head):
        kind = " (its samples would be big-endian)" if head.startswith(b"RIFX") else ""
        raise WavError(f"not a RIFF/WAVE stream: it begins with {head!r}{kind}")


def _parse_format(body: bytes) -> WavFormat:
    tag, channels, sample_rate, byte_rate, block_align, bits = struct.unpack_from("<HHIIHH", body)
    if tag == _EXTENSIBLE and len(body) == _BODY_BYTES[b"fmt "][1]:
        sub_tag, suffix = struct.unpack_from("<H14s", body, 24)
        tag = sub_tag if suffix == _SUBTYPE_SUFFIX else tag
    if channels == 0 or sample_rate == 0:
        raise WavError(f"the WAVE header describes nothing: {channels} channels at {sample_rate} Hz")
    encoding = _RAW_ENCODINGS.get((tag, bits))
    if encoding is not None and block_align != channels * bits // 8:
        raise WavError(f"the WAVE header contradicts itself: {block_align} bytes for {channels} samples of {bits} bits")
    return WavFormat(
        encoding=encoding,
        sample_rate=sample_rate,
        channels=channels,
        bits=bits,
        block_align=block_align,
        byte_rate=byte_rate,
        format_tag=tag,
    )
