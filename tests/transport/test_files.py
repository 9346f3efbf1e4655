"""Files that are there whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import anyio
import pytest

from deepgram_anyio.errors import ConfigError
from deepgram_anyio.transport.files import FileWriter, replacing

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "speech.mp3"
    found.write_bytes(b"old")
    return found


def _content(path: Path) -> bytes:
    return path.read_bytes()


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _names(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir())


async def test_it_appears_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "new.mp3"
    async with replacing(path) as file:
        await file.write(b"one")
        await file.write(b"two")
        assert "new.mp3" not in _names(tmp_path)
    assert _content(path) == b"onetwo"
    assert _names(tmp_path) == ["new.mp3"]


async def test_nothing_written_is_an_empty_file(path: Path) -> None:
    async with replacing(path):
        pass
    assert _content(path) == b""


async def test_an_error_leaves_what_was_there(path: Path) -> None:
    with pytest.raises(KeyError):
        async with replacing(path) as file:
            await file.write(b"new")
            raise KeyError
    assert _content(path) == b"old"
    assert _names(path.parent) == ["speech.mp3"]


async def test_permissions_are_passed_on(path: Path) -> None:
    os.chmod(path, 0o640)
    async with replacing(path) as file:
        await file.write(b"new")
    assert _mode(path) == 0o640
    assert _content(path) == b"new"


async def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").write_bytes(b"")
    async with replacing(tmp_path / "new"):
        pass
    assert _mode(tmp_path / "new") == _mode(tmp_path / "usual")


async def test_a_symbolic_link_stays_one(path: Path) -> None:
    link = path.parent / "link"
    link.symlink_to(path.name)
    async with replacing(link) as file:
        await file.write(b"new")
    assert link.is_symlink()
    assert _content(path) == b"new"


async def test_a_relative_path(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    async with replacing(path.name) as file:
        await file.write(b"new")
    assert _content(path) == b"new"


async def test_a_place_that_cannot_be_taken(path: Path) -> None:
    async def at_the_end_a_directory() -> None:
        async with replacing(path.parent / "later"):
            (path.parent / "later").mkdir()

    with pytest.raises(IsADirectoryError):
        await at_the_end_a_directory()
    assert _names(path.parent) == ["later", "speech.mp3"]
    with pytest.raises(ConfigError, match="is a directory"):
        await FileWriter(path.parent).open()


async def test_a_thread_that_comes_late_finds_nothing_to_do(path: Path) -> None:
    """Cancelled by asyncio itself, a call leaves its thread behind."""
    never_made, made = FileWriter(path), FileWriter(path)
    await made.open()
    for writer in (never_made, made):
        await writer.discard()
        await writer.open()
        await writer.write(b"late")
        await writer.commit()
        await writer.discard()
    assert _content(path) == b"old"
    assert _names(path.parent) == ["speech.mp3"]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_asyncio_itself_may_cancel(path: Path) -> None:
    waiting = anyio.Event()

    async def save() -> None:
        async with replacing(path) as file:
            await file.write(b"new")
            waiting.set()
            await anyio.sleep_forever()

    task = asyncio.create_task(save())
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _content(path) == b"old"
    assert _names(path.parent) == ["speech.mp3"]
