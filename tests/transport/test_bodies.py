"""Request bodies of every source: what they give, how often, and what is closed."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from deepgram_anyio.errors import ConfigError
from deepgram_anyio.transport.bodies import Body

pytestmark = pytest.mark.anyio

DATA = bytes(range(256)) * 700


class Unseekable(io.BytesIO):
    def seekable(self) -> bool:
        return False

    def seek(self, *_: Any) -> int:
        raise io.UnsupportedOperation


class Reader:
    """Has `read`, and nothing else of a file."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, size: int) -> bytes:
        return self._file.read(size)


def generated() -> Iterator[bytes]:
    yield DATA[:1000]
    yield b""
    yield DATA[1000:]


async def generated_async() -> AsyncIterator[bytes]:
    for piece in generated():
        yield piece


def opened(path: Path) -> Any:
    return open(path, "rb")


SOURCES: dict[str, tuple[Any, bool, bool]] = {
    "bytes": (lambda path: DATA, True, True),
    "bytearray": (lambda path: bytearray(DATA), True, True),
    "memoryview": (lambda path: memoryview(DATA), True, True),
    "memoryview of words": (lambda path: memoryview(DATA).cast("H"), True, True),
    "path": (lambda path: path, True, True),
    "name": (os.fspath, True, True),
    "file": (opened, True, True),
    "list": (lambda path: list(generated()), True, True),
    "tuple": (lambda path: tuple(generated()), True, True),
    "file that cannot seek": (lambda path: Unseekable(DATA), False, False),
    "reader": (lambda path: Reader(DATA), False, False),
    "generator": (lambda path: generated(), False, False),
    "async generator": (lambda path: generated_async(), False, False),
}


async def read(body: Body) -> list[bytes]:
    async with body.opened() as pieces:
        return [piece async for piece in pieces]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "audio.wav"
    found.write_bytes(DATA)
    return found


@pytest.mark.parametrize(("make", "sized", "replayable"), SOURCES.values(), ids=SOURCES.keys())
async def test_sources(make: Any, sized: bool, replayable: bool, path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    source = make(path)
    body = Body(source, on_progress=lambda sent, total: told.append((sent, total)))
    await body.prepare()
    assert not body.touched
    assert body.replayable is replayable
    assert body.size_bytes == (len(DATA) if sized else None)
    pieces = await read(body)
    assert b"".join(pieces) == DATA
    assert all(pieces)
    assert body.touched
    assert told[-1] == (len(DATA), len(DATA) if sized else None)
    assert [sent for sent, _ in told] == sorted(sent for sent, _ in told)
    assert b"".join(await read(body)) == (DATA if replayable else b"")
    if hasattr(source, "close") and hasattr(source, "read"):
        assert not source.closed  # whoever opened a file closes it
        source.close()


async def test_a_file_is_sent_from_where_it_stands(path: Path) -> None:
    with path.open("rb") as file:
        file.seek(1000)
        body = Body(file)
        await body.prepare()
        assert body.size_bytes == len(DATA) - 1000
        for _ in range(2):
            assert b"".join(await read(body)) == DATA[1000:]


async def test_large_bytes_are_cut() -> None:
    pieces = await read_prepared(Body(DATA))
    assert len(pieces) == 3
    assert max(map(len, pieces)) == 64 * 1024


async def read_prepared(body: Body) -> list[bytes]:
    await body.prepare()
    return await read(body)


async def test_an_async_generator_is_closed() -> None:
    ended: list[str] = []

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"1"
            yield b"2"
        finally:
            ended.append("closed")

    body = Body(source())
    await body.prepare()
    async with body.opened() as pieces:
        assert await anext(pieces) == b"1"
    assert ended == ["closed"]


def fifo(path: Path) -> Path:
    made = path.parent / "pipe"
    os.mkfifo(made)
    return made


async def test_a_pipe_cannot_be_read_twice(path: Path) -> None:
    body = Body(fifo(path))
    await body.prepare()
    assert not body.replayable
    assert body.size_bytes is None


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda path: b"", "nothing to send"),
        (lambda path: [], "nothing to send"),
        (lambda path: [b"", b""], "nothing to send"),
        (lambda path: io.BytesIO(), "nothing to send"),
        (lambda path: path.parent / "missing.wav", "missing.wav: No such file"),
        (lambda path: path.parent, "it is a directory"),
        (lambda path: "a\0b", "cannot read"),
        (lambda path: ["text"], "bytes"),
        (lambda path: iter(["text"]), "bytes, not str"),
        (lambda path: io.StringIO("text"), "bytes, not str"),
        (lambda path: 17, "not an audio source: int"),
        (lambda path: None, "not an audio source: NoneType"),
    ],
)
async def test_bad_sources(make: Any, text: str, path: Path) -> None:
    with pytest.raises(ConfigError, match=text):
        await read_prepared(Body(make(path)))


async def test_a_closed_file() -> None:
    file = io.BytesIO(DATA)
    file.close()
    with pytest.raises(ConfigError, match="closed"):
        await read_prepared(Body(file))


async def test_the_callers_own_errors_pass() -> None:
    def source() -> Iterator[bytes]:
        yield b"1"
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await read_prepared(Body(source()))


async def test_an_error_of_progress_passes() -> None:
    def fail(sent: int, total: int | None) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await read_prepared(Body(DATA, on_progress=fail))
