"""The example `microphone_captions.py`, with a microphone that plays a voice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from deepgram_anyio.local.engines import default_voice
from deepgram_anyio.protocol.wav import wav_header

from .speech_server import FAKE_SOUND
from .terminal import ROOT, start

COMMAND = [sys.executable, "-W", "error", str(ROOT / "examples" / "microphone_captions.py")]


@pytest.mark.speech
def test_the_microphone_is_written_down(tmp_path: Path) -> None:
    voice = default_voice()
    try:
        samples = b"".join(voice.synthesize("The weather in the city will be cold and windy tomorrow."))
    finally:
        voice.close()
    said = tmp_path / "said.wav"
    said.write_bytes(wav_header(sample_rate=voice.sample_rate, data_bytes=len(samples)) + samples)
    env = {**FAKE_SOUND, "FAKE_MICROPHONE_WAV": str(said), "FAKE_SPEED": "2"}
    with start(command=COMMAND, env=env) as program:
        program.wait_for("Listening to Fake Microphone; Ctrl-C ends.\n")
        program.wait_for("city")
        program.type("\x03")
        done = program.finish()
    assert done.code == 0
    assert "Traceback" not in done.text
