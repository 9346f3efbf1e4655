"""Recordings of every kind, made on the spot."""

from __future__ import annotations

import io
import struct
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from deepgram_anyio.protocol.wav import wav_header

__all__ = ["FILES", "av_file", "loudest_hz", "ogg_speex", "sine", "wav"]


def sine(length_s: float, *, rate: int = 16_000, hz: float = 440.0, silence_s: float = 0.0) -> bytes:
    """Return 16-bit samples of a tone, and of silence behind it."""
    times = np.arange(round(length_s * rate)) / rate
    tone = (12000 * np.sin(2 * np.pi * hz * times)).astype("<i2")
    return tone.tobytes() + bytes(2 * round(silence_s * rate))


def loudest_hz(samples: bytes, *, rate: int = 16_000) -> float:
    """Return the frequency that is strongest."""
    values: NDArray[Any] = np.frombuffer(samples, np.int16).astype(float)
    spectrum = np.abs(np.fft.rfft(values * np.hanning(len(values))))
    return float(np.argmax(spectrum[1:]) + 1) * rate / len(values)


def wav(samples: bytes, *, rate: int = 16_000, channels: int = 1, encoding: str = "linear16") -> bytes:
    """Return a WAV file."""
    header = wav_header(sample_rate=rate, channels=channels, data_bytes=len(samples), encoding=encoding)
    return header + samples


def av_file(
    samples: bytes, *, muxer: str, codec: str, rate: int, source_rate: int = 16_000, video: bool = False
) -> bytes:
    """Return a file that FFmpeg makes of mono samples; with `video`, there is a picture stream in front."""
    if codec not in av.codecs_available:
        pytest.skip(f"this PyAV has no encoder {codec}")
    target = io.BytesIO()
    with av.open(target, "w", format=muxer) as container:
        picture: Any = container.add_stream("mpeg4", rate=10) if video else None
        if picture is not None:
            picture.width, picture.height, picture.pix_fmt = 32, 32, "yuv420p"
        stream: Any = container.add_stream(codec, rate=rate)
        # FFmpeg's own Vorbis encoder knows stereo only, and calls itself an experiment.
        stream.layout = layout = "stereo" if codec == "vorbis" else "mono"
        stream.codec_context.options = {"strict": "experimental"}
        stream.codec_context.open()
        size = stream.codec_context.frame_size or None
        resampler = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=rate, frame_size=size)
        if picture is not None:
            for index in range(10):
                frame: Any = av.VideoFrame(32, 32, "yuv420p")
                frame.pts = index
                container.mux(picture.encode(frame))
            container.mux(picture.encode(None))
        sound = av.AudioFrame(format="s16", layout="mono", samples=len(samples) // 2)
        sound.planes[0].update(samples)
        sound.sample_rate, sound.pts = source_rate, 0
        for converted in (*resampler.resample(sound), *resampler.resample(None), None):
            container.mux(stream.encode(converted))
    return target.getvalue()


def ogg_speex(frames: int) -> bytes:
    """Return an Ogg Speex file of so many frames of 20 ms in which nothing is said; FFmpeg cannot make one."""
    header = struct.pack("<8s20s13i", b"Speex   ", b"1.2", 1, 80, 8000, 0, 4, 1, -1, 160, 0, 1, 0, 0, 0)
    comment = struct.pack("<I4sI", 4, b"test", 0)
    silence = b"\x03\xc0"  # a narrow-band frame of mode 0, and the terminator
    pages = [_ogg_page(0, 2, 0, [header]), _ogg_page(1, 0, 0, [comment])]
    return b"".join([*pages, _ogg_page(2, 4, 160 * frames, [silence] * frames)])


def _ogg_page(number: int, flags: int, position: int, packets: list[bytes]) -> bytes:
    sizes = bytes(map(len, packets))
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, position, 1, number, 0, len(packets)) + sizes
    page = head + b"".join(packets)
    checksum = 0
    for byte in page:
        checksum ^= byte << 24
        for _ in range(8):
            checksum = (checksum << 1) ^ (0x04C11DB7 if checksum & 0x80000000 else 0)
        checksum &= 0xFFFFFFFF
    return page[:22] + struct.pack("<I", checksum) + page[26:]


FILES: dict[str, dict[str, Any]] = {
    "wav-s16": {"muxer": "wav", "codec": "pcm_s16le", "rate": 16_000},
    "wav-s24": {"muxer": "wav", "codec": "pcm_s24le", "rate": 48_000},
    "wav-float": {"muxer": "wav", "codec": "pcm_f32le", "rate": 44_100},
    "wav-mulaw": {"muxer": "wav", "codec": "pcm_mulaw", "rate": 8000},
    "wav-alaw": {"muxer": "wav", "codec": "pcm_alaw", "rate": 8000},
    "aiff": {"muxer": "aiff", "codec": "pcm_s16be", "rate": 22_050},
    "mp3": {"muxer": "mp3", "codec": "libmp3lame", "rate": 44_100},
    "flac": {"muxer": "flac", "codec": "flac", "rate": 48_000},
    "ogg-vorbis": {"muxer": "ogg", "codec": "vorbis", "rate": 48_000},
    "ogg-opus": {"muxer": "ogg", "codec": "libopus", "rate": 48_000},
    "ogg-flac": {"muxer": "ogg", "codec": "flac", "rate": 16_000},
    "m4a": {"muxer": "ipod", "codec": "aac", "rate": 44_100},
    "mp4": {"muxer": "mp4", "codec": "aac", "rate": 48_000},
    "mp4-video": {"muxer": "mp4", "codec": "aac", "rate": 48_000, "video": True},
    "webm-opus": {"muxer": "webm", "codec": "libopus", "rate": 48_000},
    "mkv-video": {"muxer": "matroska", "codec": "flac", "rate": 16_000, "video": True},
    "mpegts": {"muxer": "mpegts", "codec": "aac", "rate": 44_100},
    "adts": {"muxer": "adts", "codec": "aac", "rate": 16_000},
    "amr": {"muxer": "amr", "codec": "libopencore_amrnb", "rate": 8000},
}
"""What `av_file` takes, for every kind of recording."""
