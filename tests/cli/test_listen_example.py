"""The example `microphone_captions.py`, with a microphone that plays a voice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ..spoken import spoken
from .speech_server import FAKE_SOUND
from .terminal import ROOT, start

COMMAND = [sys.executable, "-W", "error", str(ROOT / "examples" / "microphone_captions.py")]


@pytest.mark.speech
def test_the_microphone_is_written_down(tmp_path: Path) -> None:
    said = tmp_path / "said.wav"
    said.write_bytes(spoken())
    env = {**FAKE_SOUND, "FAKE_MICROPHONE_WAV": str(said), "FAKE_SPEED": "2"}
    with start(command=COMMAND, env=env) as program:
        program.wait_for("Listening to Fake Microphone; Ctrl-C ends.\n")
        program.wait_for("city")
        program.type("\x03")
        done = program.finish()
    assert done.code == 0
    assert "Traceback" not in done.text
