"""Every block of code in docs/audio.md runs as it stands, with devices that are played."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from deepgram_anyio.local.engines.scripted import ToneVoice

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "audio.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
BACKENDS = ["asyncio", "trio", "asyncio"]
PRINTED = [
    r"(.*\(level \d\.\d\d\)\n)*Fake Microphone lost 0\.0 s\n",
    r"1\.0 s were not heard, \d+ gaps were\n",
    r"0 Fake Microphone Fake Core 16000\n1 Fake Speaker Fake Core 48000\n",
]


@pytest.mark.speech
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_runs(number: int, tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "said.wav"), "wb") as wav:
        wav.setparams((1, 2, 16000, 0, "NONE", ""))
        wav.writeframes(b"".join(ToneVoice().synthesize("Hm hm hm.")))
    code = BLOCKS[number].replace("anyio.run(main)", f"anyio.run(main, backend={BACKENDS[number]!r})")
    program = tmp_path / "block.py"
    program.write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", program.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests" / "audio" / "fakes")]),
            "FAKE_MICROPHONE_WAV": "said.wav",
            "FAKE_SPEAKER_WAV": "heard.wav",
            "FAKE_SPEED": "2",
        },
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert re.fullmatch(PRINTED[number], done.stdout), done.stdout
    assert (tmp_path / "heard.wav").exists() == ("Speaker" in code)


def test_every_block_is_looked_at() -> None:
    assert len(BLOCKS) == len(PRINTED) == len(BACKENDS)
