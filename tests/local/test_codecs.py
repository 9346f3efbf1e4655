"""Recordings in, speech out: every format that is documented, and what is none."""

from __future__ import annotations

import io
import struct
import sys
from importlib.metadata import version
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio import ConfigError
from deepgram_anyio.local.codecs.decode import RecordingDecoder, TooMuchAudioError
from deepgram_anyio.local.codecs.encode import speech_encoder
from deepgram_anyio.local.codecs.formats import SPEECH_FORMATS, SpeechFormat, speech_format
from deepgram_anyio.local.engines.pcm import ENCODINGS, encode_pcm
from deepgram_anyio.local.wire_audio import UndecodableAudioError

from .audio_files import FILES, av_file, loudest_hz, ogg_speex, sine, wav

AV_VERSION = int(version("av").partition(".")[0])
VOICE_RATE = 22_050
FRAME_S = 0.1  # what codecs put around a sound, at most


def decoded(recording: bytes, **options: Any) -> list[bytes]:
    pieces = list(RecordingDecoder(io.BytesIO(recording), **options).pieces())
    return [b"".join(channel) for channel in zip(*pieces, strict=True)]


def encoded(samples: bytes, form: SpeechFormat, *, step: int = 4000) -> bytes:
    encoder = speech_encoder(form, source_rate=VOICE_RATE)
    audio = b"".join(encoder.feed(samples[start : start + step]) for start in range(0, len(samples), step))
    return audio + encoder.finish()


def raw_options(form: SpeechFormat) -> dict[str, Any]:
    raw = form.container == "none" and form.encoding in ENCODINGS
    return {"encoding": form.encoding, "sample_rate": form.sample_rate} if raw else {}


ALL_SPEECH = [
    speech_format(encoding=encoding, container=container, sample_rate=sample_rate)
    for encoding, choice in SPEECH_FORMATS.items()
    for container in choice.containers
    for sample_rate in choice.sample_rates
]


@pytest.mark.parametrize("form", ALL_SPEECH, ids=lambda form: f"{form.encoding}-{form.container}-{form.sample_rate}")
@pytest.mark.parametrize("step", [4000, 1_000_000], ids=["pieces", "whole"])
def test_what_is_encoded_is_decoded_again(form: SpeechFormat, step: int) -> None:
    audio = encoded(sine(1.0, rate=VOICE_RATE), form, step=step)
    (samples,) = decoded(audio, **raw_options(form))
    assert len(samples) / 32_000 == pytest.approx(1.0, abs=FRAME_S)
    assert loudest_hz(samples) == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    ("encoding", "bit_rates"),
    [("mp3", (8000, 32000, 48000)), ("opus", (4000, 64_000, 650_000)), ("aac", (4000, 64_000, 192_000))],
)
def test_bit_rates_are_obeyed(encoding: str, bit_rates: tuple[int, ...]) -> None:
    forms = [speech_format(encoding=encoding, bit_rate=bit_rate, flux=True) for bit_rate in bit_rates]
    sizes = [len(encoded(sine(1.0, rate=VOICE_RATE), form)) for form in forms]
    assert sizes == sorted(set(sizes))
    if encoding == "mp3":
        assert sizes[-1] * 8 == pytest.approx(48_000, rel=0.1)


@pytest.mark.parametrize("form", ALL_SPEECH, ids=lambda form: f"{form.encoding}-{form.container}-{form.sample_rate}")
def test_silence_of_no_length_is_a_whole_file_all_the_same(form: SpeechFormat) -> None:
    audio = encoded(b"", form)
    if form.encoding in ENCODINGS:
        assert len(audio) in (0, 44, 58)
    else:
        (samples,) = decoded(audio)
        assert len(samples) / 32_000 < FRAME_S
        assert not any(samples)


def test_audio_leaves_the_encoder_as_it_is_made() -> None:
    for encoding in SPEECH_FORMATS:
        encoder = speech_encoder(speech_format(encoding=encoding), source_rate=VOICE_RATE)
        assert encoder.feed(sine(0.5, rate=VOICE_RATE))
        encoder.close()
        encoder.close()


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"encoding": "g729"}, "encoding=g729"),
        ({"container": "wav"}, "container=wav"),
        ({"encoding": "opus", "container": "none"}, "container=none"),
        ({"encoding": "linear16", "container": "ogg"}, "container=ogg"),
        ({"sample_rate": 24000}, "sample_rate=24000"),
        ({"encoding": "mulaw", "sample_rate": 48000}, "sample_rate=48000"),
        ({"encoding": "linear16", "sample_rate": 44100}, "sample_rate=44100"),
        ({"bit_rate": 64000}, "bit_rate=64000"),
        ({"bit_rate": 8000}, "bit_rate=8000"),
        ({"encoding": "flac", "bit_rate": 48000}, "bit_rate=48000"),
        ({"encoding": "opus", "bit_rate": 3999}, "bit_rate=3999"),
        ({"encoding": "aac", "bit_rate": 192_001}, "bit_rate=192001"),
    ],
)
def test_what_does_not_go_together_is_refused_by_name(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        speech_format(**wrong)


def test_flux_has_more_of_some() -> None:
    assert speech_format(encoding="linear16", sample_rate=44100, flux=True).sample_rate == 44100
    assert speech_format(bit_rate=8000, flux=True).bit_rate == 8000


def test_defaults_and_media_types() -> None:
    found = {name: speech_format(encoding=name) for name in SPEECH_FORMATS}
    assert speech_format() == found["mp3"]
    assert {
        name: (form.container, form.sample_rate, form.bit_rate, form.media_type) for name, form in found.items()
    } == {
        "mp3": ("none", 22050, 48000, "audio/mpeg"),
        "linear16": ("wav", 24000, None, "audio/wav"),
        "mulaw": ("wav", 8000, None, "audio/wav"),
        "alaw": ("wav", 8000, None, "audio/wav"),
        "flac": ("none", 22050, None, "audio/flac"),
        "opus": ("ogg", 48000, 12000, "audio/ogg"),
        "aac": ("none", 22050, 48000, "audio/aac"),
    }
    bare = speech_format(encoding="linear16", container="none", sample_rate=8000)
    assert bare.media_type == "audio/l16;rate=8000;channels=1"


@pytest.mark.parametrize("name", FILES)
def test_recordings_of_every_kind_are_decoded(name: str) -> None:
    (samples,) = decoded(av_file(sine(1.0), **FILES[name]))
    assert len(samples) / 32_000 == pytest.approx(1.0, abs=FRAME_S)
    assert loudest_hz(samples) == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("flac", "flac"),
        ("flac", "ogg-flac"),
        ("opus", "ogg-opus"),
        ("opus", "webm-opus"),
        ("amr-nb", "amr"),
        ("linear16", "wav-s16"),
    ],
)
def test_an_announced_encoding_is_found_in_its_containers(encoding: str, name: str) -> None:
    (samples,) = decoded(av_file(sine(1.0), **FILES[name]), encoding=encoding, sample_rate=8000)
    assert loudest_hz(samples) == pytest.approx(440, abs=2)


def test_amr_without_its_file_header() -> None:
    frames = av_file(sine(1.0), **FILES["amr"]).removeprefix(b"#!AMR\n")
    (samples,) = decoded(frames, encoding="amr-nb")
    assert loudest_hz(samples) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("magic", [b"#!AMR-WB\n", b""])
def test_wide_band_amr(magic: bytes) -> None:
    no_data = b"\x7c"  # a frame of 20 ms that says that nothing was said
    (samples,) = decoded(magic + no_data * 50, encoding="amr-wb")
    assert len(samples) / 32_000 == pytest.approx(1.0, abs=0.02)


@pytest.mark.skipif(AV_VERSION < 18, reason="the FFmpeg of older PyAVs takes the hand-made silent frames for damaged")
@pytest.mark.parametrize("encoding", ["speex", None])
def test_speex(encoding: str | None) -> None:
    (samples,) = decoded(ogg_speex(50), encoding=encoding)
    assert len(samples) / 32_000 == 1.0


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_bare_samples(encoding: str) -> None:
    stereo = struct.pack("<8000h", *([6000, -2000] * 4000))
    raw = encode_pcm(stereo if sys.byteorder == "little" else stereo[::-1], encoding)
    options: dict[str, Any] = {"encoding": encoding, "sample_rate": 16000, "channels": 2}
    left, right = decoded(raw, mix=False, **options)
    (mixed,) = decoded(raw, **options)
    values = [struct.unpack_from("=h", channel, 100)[0] for channel in (left, right, mixed)]
    assert values == pytest.approx([6000, -2000, 2000], rel=0.03)


def test_channels_stay_apart_or_are_mixed() -> None:
    stereo = struct.pack("<32000h", *([8000, -8000] * 16000))
    recording = RecordingDecoder(io.BytesIO(wav(stereo, channels=2)), mix=False)
    left, right = (b"".join(channel) for channel in zip(*recording.pieces(), strict=True))
    assert (left[:2], right[:2]) == (struct.pack("=h", 8000), struct.pack("=h", -8000))
    assert (recording.channels, recording.duration_s) == (2, 1.0)
    (mixed,) = decoded(wav(stereo, channels=2))
    assert not any(mixed)


HUGE = wav(sine(1.0))[:40] + struct.pack("<I", 0xFFFF_FFF0) + sine(1.0)


@pytest.mark.parametrize(
    "recording",
    [
        pytest.param(HUGE, id="declared-longer-than-it-is"),
        pytest.param(av_file(sine(2.0), **FILES["mp3"])[:-6000], id="cut-mp3"),
        pytest.param(av_file(sine(2.0), **FILES["flac"])[:-9000], id="cut-flac"),
        pytest.param(av_file(sine(2.0), **FILES["ogg-opus"])[:-5000], id="cut-opus"),
        pytest.param(av_file(sine(2.0), **FILES["webm-opus"])[:-5000], id="cut-webm"),
    ],
)
def test_what_is_there_of_a_broken_recording_is_decoded(recording: bytes) -> None:
    (samples,) = decoded(recording)
    assert 0.5 < len(samples) / 32_000 < 1.9
    assert loudest_hz(samples) == pytest.approx(440, abs=3)


def test_damage_within_costs_little_more_than_itself() -> None:
    recording = bytearray(av_file(sine(3.0), **FILES["mp3"]))
    middle = len(recording) // 2
    recording[middle : middle + 600] = bytes(600)
    (samples,) = decoded(bytes(recording))
    assert len(samples) / 32_000 > 2.5


NO_AUDIO: dict[str, bytes] = {
    "nothing": b"",
    "one-byte": b"x",
    "text": b"Four score and seven years ago\n" * 500,
    "json": b'{"url": "https://example.com"}',
    "zeros": bytes(50_000),
    "riff-head": b"RIFF\xff\xff\xff\xffWAVE",
    "wav-without-samples": wav(b""),
    "rate-of-one": wav(sine(0.5), rate=1),
    "playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "list-of-files": b"ffconcat version 1.0\nfile /etc/hostname\n",
    "moov-cut-off": av_file(sine(1.0), **FILES["mp4"])[:3000],
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(1000),
}


@pytest.mark.parametrize("name", NO_AUDIO)
def test_what_is_no_recording_is_said_to_be_none(name: str) -> None:
    with pytest.raises(UndecodableAudioError):
        decoded(NO_AUDIO[name])


@pytest.mark.parametrize("encoding", ["flac", "amr-nb", "amr-wb", "opus", "speex", "linear16"])
@pytest.mark.parametrize("name", ["nothing", "text"])
def test_nor_is_it_one_because_the_request_says_so(encoding: str, name: str) -> None:
    if (encoding, name) in {("linear16", "text"), ("amr-nb", "text"), ("amr-wb", "text")}:
        assert decoded(NO_AUDIO[name], encoding=encoding, sample_rate=8000)  # every byte means some sound there
        return
    with pytest.raises(UndecodableAudioError):
        decoded(NO_AUDIO[name], encoding=encoding, sample_rate=8000)


@given(st.binary(max_size=2000), st.sampled_from(["", "RIFF1234WAVEfmt ", "OggS", "fLaC", "\xff\xfb\x90", "#!AMR\n"]))
def test_arbitrary_bytes_never_do_worse_than_being_refused(data: bytes, magic: str) -> None:
    try:
        (samples,) = decoded(magic.encode("latin-1") + data, max_audio_s=60)
    except (UndecodableAudioError, TooMuchAudioError):
        return
    assert samples or not data


def test_a_recording_may_not_grow_without_end() -> None:
    silence = av_file(bytes(2 * 16_000 * 60), **FILES["flac"])
    assert len(silence) < 200_000
    with pytest.raises(TooMuchAudioError, match="longer than 10 s"):
        decoded(silence, max_audio_s=10)


class StopError(BaseException):
    """As cancellation is: none that a library would hand on."""


@pytest.mark.parametrize("nth", range(1, 30, 4))
@pytest.mark.parametrize("name", ["wav-s16", "mp3", "flac", "ogg-opus"])
def test_the_work_can_be_ended_at_any_time(name: str, nth: int) -> None:
    calls = iter(range(1, 1000))

    def check() -> None:
        if next(calls) == nth:
            raise StopError

    with pytest.raises(StopError):
        decoded(av_file(sine(20.0), **FILES[name]), check=check)


def test_a_disk_that_fails_is_not_the_recordings_fault() -> None:
    class Broken(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1) -> bytes:
            self.reads += 1
            if self.reads == 4:
                raise OSError("bad sector")
            return super().read(size)

    with pytest.raises(OSError, match="bad sector"):
        list(RecordingDecoder(Broken(av_file(sine(20.0), **FILES["mp3"]))).pieces())
