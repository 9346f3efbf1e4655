"""Interrupted, cancelled, killed: no recording is missed, and none is sent twice without a word about it."""

from __future__ import annotations

import errno
import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from deepgram_anyio import PrerecordedOptions
from deepgram_anyio.bulk import outputs, transcribe, transcribe_many
from deepgram_anyio.errors import ConnectError
from deepgram_anyio.protocol.rest.transcription import Transcription
from deepgram_anyio.services.rest_params import Asked as Options

from ..cancellation import cancelled_when_suspended
from ..rest.clients import client_of, talking
from ..rest_peer import Asked, Reply
from .recordings import heard, in_order, records, words, write_files

pytestmark = pytest.mark.anyio

MANY = [f"{number:02}.wav" for number in range(20)]


class Server:
    """Answers when it is told to, and counts what came."""

    def __init__(self, *, held: bool = False) -> None:
        self.taken: Counter[str] = Counter()
        self.go = anyio.Event()
        if not held:
            self.go.set()
        self._changed = anyio.Event()

    async def __call__(self, asked: Asked) -> Reply:
        self.taken[asked.body.decode()] += 1
        self._changed.set()
        self._changed = anyio.Event()
        await self.go.wait()
        return heard(asked)

    async def until_taken(self, number: int) -> None:
        with anyio.fail_after(5):
            while self.taken.total() < number:
                await self._changed.wait()


def keeping(folder: Path) -> dict[str, Any]:
    return {"manifest": folder / "m.jsonl", "output_dir": folder / "out", "output_format": "text", "jobs": 4}


def results(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "out").iterdir())


async def test_cancelled_and_started_again_it_sends_each_once(tmp_path: Path) -> None:
    paths = write_files(tmp_path, MANY)
    server = Server(held=True)
    async with talking(server) as (dg, _):
        with anyio.CancelScope() as scope:
            async with transcribe_many(dg, paths, **keeping(tmp_path)) as batch:
                await server.until_taken(4)
                scope.cancel()
                server.go.set()
                await in_order(batch)
        assert scope.cancelled_caught
        assert server.taken.total() == 4
        assert results(tmp_path) == [f"{name}.txt" for name in MANY[:4]]
        async with transcribe_many(dg, paths, **keeping(tmp_path)) as batch:
            outcomes = await in_order(batch)
    assert Counter(outcome.state for outcome in outcomes) == {"skipped": 4, "done": 16}
    assert set(server.taken.values()) == {1}
    assert len(server.taken) == 20
    assert results(tmp_path) == [f"{name}.txt" for name in MANY]


async def test_stopped_at_once_it_tells_what_may_come_twice(tmp_path: Path) -> None:
    paths = write_files(tmp_path, MANY)
    server = Server(held=True)
    async with talking(server) as (dg, _):
        with anyio.fail_after(5), anyio.CancelScope() as scope:
            async with transcribe_many(dg, paths, grace_s=1000, **keeping(tmp_path)) as batch:
                await server.until_taken(4)
                batch.stop()
                scope.cancel()
                await in_order(batch)
        assert batch.given_up == 4
        assert {key: [line.state for line in lines] for key, lines in records(tmp_path / "m.jsonl").items()} == {
            name: ["sent"] for name in MANY[:4]
        }
        server.go.set()
        async with transcribe_many(dg, paths, **keeping(tmp_path)) as batch:
            outcomes = await in_order(batch)
    assert [outcome.key for outcome in outcomes if outcome.reason == "unanswered"] == MANY[:4]
    assert Counter(server.taken.values()) == {2: 4, 1: 16}
    assert results(tmp_path) == [f"{name}.txt" for name in MANY]


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_wherever_it_is_cancelled_nothing_is_missed_and_nothing_sent_twice(tmp_path: Path) -> None:
    names = MANY[:3]
    reached_the_end = False
    for at in itertools.count():
        folder = tmp_path / str(at)
        paths = write_files(folder, names)
        taken: Counter[str] = Counter()

        async def perform(recording: Any, _sent: Any, taken: Counter[str] = taken) -> Transcription:
            taken[recording.path.name] += 1
            await anyio.lowlevel.checkpoint()
            return made(recording.path.name)

        async def run(perform: Any = perform, folder: Path = folder, paths: list[Path] = paths) -> None:
            async with transcribe.run_batch(
                perform,
                paths,
                Options(PrerecordedOptions(), {}, False),
                jobs=2,
                manifest=folder / "m.jsonl",
                outputs=outputs.Outputs(format="text", folder=folder / "out"),
                checksum=False,
                grace_s=30.0,
                on_progress=None,
            ) as batch:
                async for _ in batch:
                    pass

        reached_the_end = not await cancelled_when_suspended(run(), at)
        await run()
        assert results(folder) == [f"{name}.txt" for name in names]
        assert taken == dict.fromkeys(names, 1)
        if reached_the_end:
            break
    assert at > 10


def made(text: str) -> Transcription:
    return msgspec.json.decode(words(text).body, type=Transcription)


async def test_a_full_disk_stops_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    paths = write_files(tmp_path, MANY)
    server = Server()
    monkeypatch.setattr(transcribe, "save", full)
    async with talking(server) as (dg, _):
        with pytest.raises(OSError, match="No space left"):
            async with transcribe_many(dg, paths, **keeping(tmp_path)) as batch:
                await in_order(batch)
    assert server.taken.total() <= 2 * 4


async def test_a_server_that_is_gone_fails_each(tmp_path: Path) -> None:
    paths = write_files(tmp_path, MANY[:3])
    async with talking(heard) as (dg, peer):
        pass
    async with client_of(peer.url) as dg, transcribe_many(dg, paths, **keeping(tmp_path)) as batch:
        outcomes = await in_order(batch)
    assert all(isinstance(outcome.error, ConnectError) for outcome in outcomes)
    lines = records(tmp_path / "m.jsonl")
    assert {found[-1].state for found in lines.values()} == {"failed"}
