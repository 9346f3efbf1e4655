"""Every block of code in the guide runs as it stands: tests in a fresh pytest, programs on three event loops."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deepgram_anyio import testing

from .users import ROOT, machine, run_pytest

GUIDE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
TESTS = [block for block in BLOCKS if "\ndef test_" in block or "\nasync def test_" in block]
PROGRAMS = [block for block in BLOCKS if block not in TESTS]
BACKENDS = {
    "asyncio": "anyio.run(main)",
    "uvloop": 'anyio.run(main, backend_options={"use_uvloop": True})',
    "trio": 'anyio.run(main, backend="trio")',
}


def test_the_tests(tmp_path: Path) -> None:
    for number, block in enumerate(TESTS):
        (tmp_path / f"test_block_{number}.py").write_text(block, encoding="utf-8")
    [settings] = re.findall(r"^```ini\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    parsed = configparser.ConfigParser()
    parsed.read_string(settings)
    scope = parsed["pytest"]["deepgram_server_scope"]
    functions = sum(len(re.findall(r"^async def test_", block, re.MULTILINE)) for block in TESTS)
    blocking = sum(len(re.findall(r"^def test_", block, re.MULTILINE)) for block in TESTS)
    done = run_pytest(tmp_path, "-o", f"deepgram_server_scope={scope}", bare=True)
    assert f"{2 * functions + blocking} passed" in done.stdout, done.stdout


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program(number: int, backend: str, tmp_path: Path) -> None:
    code = PROGRAMS[number]
    assert code.count("anyio.run(main)") == 1
    program = tmp_path / "block.py"
    program.write_text(code.replace("anyio.run(main)", BACKENDS[backend]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", program.name],
        cwd=tmp_path,
        env=machine(tmp_path, bare=True),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_there_are_blocks() -> None:
    assert len(TESTS) >= 4
    assert len(PROGRAMS) >= 2


def test_every_name_is_told() -> None:
    assert [
        name for name in ("serve", "record", "replay", "Recording", "Utterance", "SpokenWord") if name not in GUIDE
    ] == []
    assert [name for name in testing.__all__ if not hasattr(testing, name)] == []


@pytest.mark.parametrize("target", re.findall(r"\]\((?!https?:)([^)#]+)\)", GUIDE))
def test_a_link_leads_somewhere(target: str) -> None:
    assert (ROOT / "docs" / target).exists()
