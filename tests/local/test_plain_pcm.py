"""Raw audio without numpy: the same levels and lengths, however it is split; and a server without the extra."""

from __future__ import annotations

import subprocess
import sys
from array import array
from pathlib import Path

import pytest

from deepgram_anyio.local.engines.pcm import ENCODINGS, PcmDecoder, PcmEncoder, encode_pcm
from deepgram_anyio.local.engines.plain_pcm import PlainDecoder, PlainEncoder
from deepgram_anyio.local.engines.scripted import ToneVoice

ROOT = Path(__file__).parent.parent.parent
RAMP = array("h", range(-32768, 32768, 7)).tobytes()

WITHOUT = """
import importlib.abc, sys

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"av", "numpy", "pocketsphinx", "espeakng_loader", "soxr", "textblob", "yake"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())

import anyio
from deepgram_anyio import BadRequestError, DeepgramClient
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.protocol.wav import wav_header

async def main():
    hum = b"".join(ToneVoice().synthesize("hm hm hm. hm"))
    engines = {"recognizer": ScriptedRecognizer(["hello world", "bye"]), "voice": ToneVoice()}
    async with DeepgramClient.local(**engines) as dg:
        wav = wav_header(data_bytes=len(hum), sample_rate=16000) + hum
        answer = await dg.listen.v1.transcribe_file(wav)
        assert answer.transcript == "hello world bye", answer
        assert abs(answer.metadata.duration - len(hum) / 32000) < 0.01, answer.metadata
        async with dg.listen.v1.stream(wav) as events:
            heard = [event.transcript async for event in events if getattr(event, "is_final", False)]
        assert " ".join(heard).split() == ["hello", "world", "bye"], heard
        speech = await dg.speak.v1.generate("one two", encoding="mulaw", sample_rate=8000, container="wav")
        assert len(speech.audio) > 4000
        for call in (dg.speak.v1.generate("one"), dg.listen.v1.transcribe_file(b"ID3 and so on")):
            try:
                await call
            except BadRequestError as error:
                assert "No module named 'av'" in error.message and "deepgram-anyio[local]" in error.message, error
            else:
                raise AssertionError("there is no codec")
    print("done")

anyio.run(main)
"""


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_it_decodes_as_the_good_one_does(encoding: str) -> None:
    wire = encode_pcm(RAMP, encoding)
    [plain], [good] = PlainDecoder(encoding, 16000).feed(wire), PcmDecoder(encoding, 16000).feed(wire)
    assert plain == good


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_it_encodes_as_the_good_one_does(encoding: str) -> None:
    plain = PlainEncoder(encoding, source_rate=16000, sample_rate=16000).feed(RAMP)
    assert plain == PcmEncoder(encoding, source_rate=16000, sample_rate=16000).feed(RAMP)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 44100, 48000])
def test_another_rate_keeps_length_and_level_however_it_is_split(rate: int) -> None:
    tone = b"".join(ToneVoice(sample_rate=rate).synthesize("hm hm"))
    whole = PlainDecoder("linear16", rate).feed(tone)[0]
    decoder = PlainDecoder("linear16", rate)
    assert b"".join(decoder.feed(tone[start : start + 333])[0] for start in range(0, len(tone), 333)) == whole
    assert abs(len(whole) / 32000 - 0.6) < 0.001
    assert max(array("h", whole)) == pytest.approx(12000, rel=0.05)


def test_channels() -> None:
    frames = array("h", [100, -300, 200, -400, 300, -500]).tobytes()
    assert PlainDecoder("linear16", 16000, 2).feed(frames) == PcmDecoder("linear16", 16000, 2).feed(frames)
    assert array("h", PlainDecoder("linear16", 16000, 2, mix=True).feed(frames)[0]).tolist() == [-100] * 3


def test_what_is_left_over_is_dropped_at_the_end() -> None:
    decoder = PlainDecoder("linear16", 48000)
    assert decoder.feed(b"\x01\x02\x03") == [b"\x01\x02"]
    assert decoder.flush() == [b""]
    assert decoder.feed(b"\x05\x06") == [b"\x05\x06"]


def test_a_server_with_scripted_engines_needs_none_of_the_audio_packages() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "done\n", done.stderr
