"""Uploads of any length take constant memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GIB = 1 << 30


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tests.rest.upload_process", *arguments]


@pytest.fixture(scope="module")
def sink() -> Iterator[str]:
    with subprocess.Popen(command("sink"), cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.kill()


@pytest.mark.parametrize(
    ("backend", "source"),
    [("asyncio", "generator"), ("trio", "generator"), ("trio", "async generator"), ("asyncio", "path")],
)
def test_a_gibibyte_in_constant_memory(sink: str, backend: str, source: str) -> None:
    run = subprocess.run(
        command("client", sink, backend, source, str(GIB)), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout)
    print(f"{source} on {backend}: {said['extra_kib'] / 1024:.1f} MiB")
    assert said["received"] == said["told"] == GIB
    assert said["extra_kib"] < 64 * 1024
