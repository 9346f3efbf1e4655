"""docs/page.md: its program runs, its pictures are there and small, and its numbers are the code's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deepgram_anyio.local.engines.scripted import ToneVoice
from deepgram_anyio.local.page import hub, watch
from deepgram_anyio.protocol.wav import wav_header

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "page.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
LINKS = re.findall(r'\]\((?!https?:)([^)#]+)\)|src="([^"]+)"', GUIDE)


@pytest.mark.speech
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_runs(number: int, tmp_path: Path) -> None:
    samples = b"".join(ToneVoice().synthesize("Hm hm hm."))
    (tmp_path / "speech.wav").write_bytes(wav_header(data_bytes=len(samples), sample_rate=16000) + samples)
    (tmp_path / "block.py").write_text(BLOCKS[number], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "block.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "Metadata"


def test_the_links_lead_somewhere_and_the_pictures_are_small() -> None:
    targets = [ROOT / "docs" / (link or picture) for link, picture in LINKS]
    pictures = [target for target in targets if target.suffix == ".png"]
    assert len(pictures) == 3
    assert [target for target in targets if not target.exists()] == []
    assert all(picture.stat().st_size < 120_000 for picture in pictures)


def test_the_numbers_are_the_codes() -> None:
    assert f"{hub._MAX_EVENTS} events and {hub._MAX_CHARS:,}" in GUIDE.replace("\n", " ")
    assert f"{hub._MAX_WATCHERS} pages can watch" in GUIDE
    assert f"nothing for {watch._SEND_S:.0f} seconds" in GUIDE
    assert 1 / watch._PAUSE_S == 20
    cards = (Path(hub.__file__).parent / "cards.js").read_text("utf-8")
    assert "MOST_ENDED = 24" in cards
    for badge in re.findall(r"^\| (\w[\w ]*) \|", GUIDE.split("| badge |")[1].split("\n\n")[0], re.MULTILINE):
        assert f'"{badge}"' in cards
