"""docs/observability.md: its tables are the code's, and its blocks of code run."""

from __future__ import annotations

import ast
import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deepgram_anyio import ConnectionStats, SpeakStats, Telemetry
from deepgram_anyio.local.engines.scripted import ToneVoice
from deepgram_anyio.protocol.wav import wav_header
from deepgram_anyio.telemetry import names

from ..documents import BACKENDS
from .documented import BLOCKS, ROOT, TEXT, attributes, events, metrics, table

PACKAGE = ROOT / "deepgram_anyio"
LEVELS = {"debug", "info", "warning", "error", "exception", "log"}


def unquoted(cell: str) -> str:
    return cell.strip("`")


def test_the_metrics_are_those_of_the_code() -> None:
    documented = [tuple(map(unquoted, row[:3])) for row in table("metric")]
    assert documented == [(metric.name, metric.kind, metric.unit) for metric in names.METRICS]


def test_the_attributes_and_events_are_those_of_the_code() -> None:
    used = {getattr(names, name) for name in names.__all__ if name.isupper()} - {names.METRICS}
    assert attributes() | events() | metrics() == used
    raised = re.findall(r"add_event\(names\.(\w+)", "".join(_sources(PACKAGE / "telemetry")))
    assert events() == {getattr(names, name) for name in raised}


def test_what_metrics_are_told_beside_is_an_attribute() -> None:
    assert {name for row in table("metric") for name in re.findall(r"`([^`]+)`", row[3])} <= attributes()


@pytest.mark.parametrize(("stats", "heading"), [(ConnectionStats, "ConnectionStats"), (SpeakStats, "SpeakStats")])
def test_the_figures_are_those_of_the_code(stats: Any, heading: str) -> None:
    (rows,) = re.findall(rf"^`{heading}`.*\n\n\| field .*\n.*\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    assert re.findall(r"^\| `(\w+)`", rows, re.MULTILINE) == list(stats.__struct_fields__)


def test_the_options_are_those_of_the_code() -> None:
    documented = [(unquoted(row[0]), row[1]) for row in table("option of `Telemetry`")]
    assert documented == [(field.name, str(field.default)) for field in dataclasses.fields(Telemetry)]


def _sources(folder: Path) -> list[str]:
    return [path.read_text("utf-8") for path in sorted(folder.rglob("*.py"))]


def _records(source: str) -> set[str]:
    """The formats of all records that a module logs."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS):
            continue
        if ast.unparse(node.func.value) not in {"_logger", "logger"}:
            continue
        texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        found.update(texts)
    return found


def test_the_records_are_those_of_the_code() -> None:
    sources = _sources(PACKAGE / "services") + _sources(PACKAGE / "transport")
    logged = set().union(*map(_records, sources)) - {"%s"}  # the second line of `log_failure`
    assert {unquoted(row[2]) for row in table("logger")} == logged


def test_records_are_found() -> None:
    assert _records('_logger.info("a %s", b)\n_logger.log(level, "c")\nother.info("d")') == {"a %s", "c"}


@pytest.mark.speech
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_runs(number: int, backend: str, tmp_path: Path) -> None:
    samples = b"".join(ToneVoice().synthesize("Hm hm hm."))
    (tmp_path / "speech.wav").write_bytes(wav_header(data_bytes=len(samples), sample_rate=16000) + samples)
    code = BLOCKS[number]
    if "async def" not in code and backend != "asyncio":
        pytest.skip("nothing asynchronous")
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
    said = done.stdout + done.stderr
    assert EXPECTED[number] in said


EXPECTED = [
    " s sent, first result after ",
    "INFO deepgram_anyio listen v1: connected to 127.0.0.1",
    '"name": "session /v1/listen"',
    "",
]
