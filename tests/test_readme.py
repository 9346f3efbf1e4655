"""Every block of code in the README runs as it stands, on asyncio, uvloop and trio."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deepgram_anyio.local.engines.scripted import ToneVoice
from deepgram_anyio.protocol.wav import wav_header

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
BACKENDS = {
    "asyncio": "anyio.run(main)",
    "uvloop": 'anyio.run(main, backend_options={"use_uvloop": True})',
    "trio": 'anyio.run(main, backend="trio")',
}


@pytest.mark.speech
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_runs(number: int, backend: str, tmp_path: Path) -> None:
    samples = b"".join(ToneVoice().synthesize("Hm hm hm."))
    (tmp_path / "speech.wav").write_bytes(wav_header(data_bytes=len(samples), sample_rate=16000) + samples)
    code = BLOCKS[number]
    if "async def" not in code and backend != "asyncio":
        pytest.skip("a blocking program")
    assert code.count("anyio.run(main)") == code.count("async def main")
    program = tmp_path / "block.py"
    program.write_text(code.replace("anyio.run(main)", BACKENDS[backend]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", program.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_there_are_blocks() -> None:
    assert len(BLOCKS) >= 2


@pytest.mark.parametrize("target", re.findall(r"\]\((?!https?:)([^)#]+)\)", README))
def test_a_link_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()
