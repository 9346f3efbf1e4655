"""The manifest: what is written stays, what a crash tore is mended, and there is one writer."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import anyio
import pytest

from deepgram_anyio.bulk import ManifestError, Record, RecordedError, manifest, open_manifest, read_manifest

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parent.parent.parent
AT = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls.jsonl"


def record(key: str, state: Any = "done", **values: Any) -> Record:
    return Record(key=key, state=state, at=AT, **values)


async def write(path: Path, *records: Record) -> None:
    async with open_manifest(path) as opened:
        for item in records:
            await opened.append(item)


def content_of(path: Path) -> bytes:
    return path.read_bytes()


def put(path: Path, content: bytes) -> None:
    path.write_bytes(content)


@contextmanager
def other_process(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has the manifest open."""
    program = (
        "import anyio, sys\nfrom deepgram_anyio.bulk import open_manifest\n"
        "async def main():\n    async with open_manifest(sys.argv[1]):\n        print('open', flush=True)\n"
        "        await anyio.to_thread.run_sync(sys.stdin.read)\n"
        "anyio.run(main)"
    )
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        try:
            yield other
        finally:
            other.kill()


async def test_what_is_written_is_known_and_read_again(path: Path) -> None:
    failed = record("b/c.wav", "failed", error=RecordedError(type="ServerError", message="no", status=500))
    done = record("ä b.wav", size_bytes=5, mtime_ns=7, sha256="ff", options="o", output="x.txt", duration_s=1.5)
    await write(path, record("ä b.wav", "sent"), failed, done)
    assert list(read_manifest(path)) == [record("ä b.wav", "sent"), failed, done]
    async with open_manifest(path) as opened:
        assert len(opened) == 2
        known = opened.known("ä b.wav")
        assert known is not None
        assert (known.state, known.size_bytes, known.mtime_ns, known.sha256) == ("done", 5, 7, "ff")
        assert (known.options, known.output) == ("o", "x.txt")
        assert opened.known("other") is None
        assert opened.unanswered == frozenset()


async def test_what_was_sent_and_not_answered_is_named(path: Path) -> None:
    await write(path, record("a", "sent"), record("b", "sent"), record("b"), record("c", "sent"), record("c", "failed"))
    async with open_manifest(path) as opened:
        assert opened.unanswered == {"a"}


async def test_a_line_is_on_the_disk_when_append_returns(path: Path) -> None:
    async with open_manifest(path) as opened:
        await opened.append(record("a", "sent"))
        assert [item.key for item in read_manifest(path)] == ["a"]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_wherever_a_crash_tears_it_the_whole_lines_stay(path: Path) -> None:
    await write(path, record("a", "sent"), record("a"), record("b", "sent"))
    whole = content_of(path)
    for end in range(len(whole)):
        put(path, whole[:end])
        before = list(read_manifest(path)) if b"\n" in whole[:end] else []
        await write(path, record("new"))
        assert list(read_manifest(path)) == [*before, record("new")]
        assert len(before) == max(0, whole[:end].count(b"\n") - 2)  # less the header, and who opened it


@pytest.mark.parametrize("content", [b"RIFF1234", b"{}\n", b'{"manifest":"other"}\n', b"{" * 1000])
async def test_what_is_no_manifest_is_left_alone(path: Path, content: bytes) -> None:
    put(path, content)
    with pytest.raises(ManifestError, match="not a manifest"):
        await write(path)
    assert content_of(path) == content
    with pytest.raises(ManifestError, match="not a manifest"):
        list(read_manifest(path))


@pytest.mark.parametrize("line", [b"nonsense\n", b'{"key":1}\n', b"\0\0\n"])
async def test_a_spoilt_line_is_named(path: Path, line: bytes) -> None:
    await write(path, record("a"))
    put(path, content_of(path) + line)
    with pytest.raises(ManifestError, match="line 4, is no record"):
        await write(path)
    with pytest.raises(ManifestError, match="line 4, is no record"):
        list(read_manifest(path))


async def test_folders_on_the_way_are_made_and_a_file_in_the_way_is_named(path: Path) -> None:
    await write(path.parent / "x" / "y" / "m.jsonl", record("a"))
    put(path, b"")
    with pytest.raises(ManifestError, match=r"cannot open .*m\.jsonl"):
        await write(path / "m.jsonl")
    with pytest.raises(ManifestError, match="cannot read"):
        list(read_manifest(path.parent / "none"))


async def test_a_second_writer_is_refused_until_the_first_has_ended(path: Path) -> None:
    async with open_manifest(path) as first:
        with pytest.raises(ManifestError, match=r"is in use by this process on .*, since 20.* UTC"):
            await write(path)
        await first.append(record("a"))
    await write(path, record("b"))
    assert [item.key for item in read_manifest(path)] == ["a", "b"]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_another_process_is_named_and_its_death_ends_the_lock(path: Path) -> None:
    with other_process(path) as other, pytest.raises(ManifestError, match=f"process {other.pid} on "):
        await write(path)
    await write(path, record("a"))


async def test_all_that_wait_are_written_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    async with open_manifest(path) as opened, anyio.create_task_group() as tasks:
        for number in range(100):
            tasks.start_soon(opened.append, record(str(number)))
    assert sorted(int(item.key) for item in read_manifest(path)) == list(range(100))
    assert 1 <= len(synced) <= 3


async def test_what_cancelled_calls_left_is_written_at_the_end(path: Path) -> None:
    async with open_manifest(path) as opened:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await opened.append(record("a"))
        assert scope.cancelled_caught
    assert [item.key for item in read_manifest(path)] == ["a"]


async def test_a_full_disk_tears_nothing_and_stops_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(file: Any, data: bytes) -> None:
        file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    async with open_manifest(path) as opened:
        await opened.append(record("a"))
        with monkeypatch.context() as patched:
            patched.setattr(manifest, "_write_all", half)
            with pytest.raises(ManifestError, match="No space left"):
                await opened.append(record("b"))
        with pytest.raises(ManifestError, match="No space left"):
            await opened.append(record("c"))
    await write(path, record("d"))
    assert [item.key for item in read_manifest(path)] == ["a", "d"]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_hundred_thousand_lines_load_in_well_under_a_second(path: Path) -> None:
    await write(path, record("x", size_bytes=1, mtime_ns=2, options="0123456789abcdef", output="out/x.wav.json"))
    *start, line = content_of(path).splitlines(keepends=True)
    lines = [line.replace(b'"x"', b'"calls/%06d.wav"' % number) for number in range(100_000)]
    put(path, b"".join([*start, *lines]))
    taken_s = []
    for _ in range(3):
        began = time.perf_counter()
        async with open_manifest(path) as opened:
            taken_s.append(time.perf_counter() - began)
            assert len(opened) == 100_000
    assert min(taken_s) < 0.8
