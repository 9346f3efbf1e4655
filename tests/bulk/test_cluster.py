"""A Dask cluster of two worker processes does what one process does, also when one of them is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import dask
import pytest

from deepgram_anyio import ConfigError, DeepgramClient, PrerecordedOptions
from deepgram_anyio.bulk import Recording, find_recordings, transcribe_many, transcribe_on_dask
from deepgram_anyio.bulk.cluster import ClusterError
from deepgram_anyio.bulk.dask_worker import Errand

from .recordings import records
from .serving import counting_server, write_tones

ROOT = Path(__file__).parent.parent.parent
KEY = "a-key-that-nobody-may-see"
FILES = 40


def results(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.suffix == ".txt"
    }


def on_dask(url: str, *arguments: str) -> list[dict[str, Any]]:
    """Run the program, with credentials in the environment, which the worker processes inherit."""
    environment = {**os.environ, "DEEPGRAM_HOST": url, "DEEPGRAM_API_KEY": KEY, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.bulk.dask_program", *arguments]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    assert KEY not in done.stdout + done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


async def in_this_process(url: str, calls: Path, out: Path) -> None:
    options: dict[str, Any] = {"output_dir": out, "output_format": "text"}
    async with (
        DeepgramClient(api_key=KEY, base_url=url) as dg,
        transcribe_many(dg, find_recordings(calls), **options) as batch,
    ):
        async for outcome in batch:
            assert outcome.state == "done"


def test_a_killed_worker_loses_nothing_and_another_process_goes_on(tmp_path: Path) -> None:
    log, calls, out = tmp_path / "log", tmp_path / "calls", tmp_path / "out"
    write_tones(calls, FILES)
    write_tones(calls / "more", 5, start=FILES)
    with counting_server(log) as server:
        killing, sharing = on_dask(server.url, str(calls), str(out))
        assert killing == {"states": {"done": FILES}, "errors": []}
        assert sharing == {"states": {"skipped": FILES, "done": 5}, "errors": []}
        assert len(server.taken()) == FILES + 5
        assert sum(server.taken().values()) <= FILES + 5 + 4  # what the worker had under way, one for each thread
        anyio.run(in_this_process, server.url, calls, tmp_path / "alone")
    assert results(out) == results(tmp_path / "alone")
    lines = records(out / "m.jsonl")
    assert {tuple(line.state for line in found) for found in lines.values()} == {("sent", "done")}
    assert len(lines) == FILES + 5


def test_what_travels_shows_no_secret() -> None:
    recording = Recording(source="https://me:secret@x.example/a.wav?signature=secret")
    errand = Errand(recording=recording, query=PrerecordedOptions(), call={})
    assert "secret" not in f"{errand!r} {recording!r}"
    assert "x.example/a.wav" in repr(errand)


@pytest.mark.anyio
async def test_a_cluster_that_is_none_is_refused() -> None:
    cluster: Any = 5
    with pytest.raises(ConfigError, match=r"must be a distributed\.Client or an address, not int"):
        async with transcribe_on_dask(cluster, []):
            raise AssertionError


@pytest.mark.anyio
async def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError, match=r"pip install \"deepgram-anyio\[dask\]\""):
        async with transcribe_on_dask("tcp://127.0.0.1:1", []):
            raise AssertionError


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.anyio
async def test_an_address_without_a_scheduler_is_told(free_tcp_port: int) -> None:
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "200ms"}),
        pytest.raises(ClusterError, match="no scheduler at tcp"),
    ):
        async with transcribe_on_dask(f"tcp://127.0.0.1:{free_tcp_port}", []):
            raise AssertionError
