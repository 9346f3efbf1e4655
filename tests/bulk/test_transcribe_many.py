"""Many recordings: what is written where, what is sent again and what is not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from deepgram_anyio import PrerecordedOptions
from deepgram_anyio.bulk import ItemProgress, Recording, Source, find_recordings, open_manifest, render, transcribe_many
from deepgram_anyio.errors import AuthenticationError, BadRequestError, ConfigError
from deepgram_anyio.protocol.rest.transcription import Transcription

from ..rest.clients import talking
from ..rest_peer import Asked, Reply
from .recordings import heard, in_order, records, words, write_files

pytestmark = pytest.mark.anyio


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    write_files(tmp_path / "calls", ["a.wav", "b.mp3", "sub/c.ogg"])
    return tmp_path / "calls"


class Kept(dict[str, Any]):
    """Where the results and the manifest go."""

    def __init__(self, calls: Path, **more: Any) -> None:
        super().__init__(manifest=calls.parent / "m.jsonl", output_dir=calls.parent / "out", output_format="text")
        self.update(more)


def content_of(path: Path) -> str:
    return path.read_text()


def put(path: Path, text: str) -> None:
    path.write_text(text)


def files_in(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


async def states(dg: Any, calls: Path, **options: Any) -> list[tuple[str, str, str | None]]:
    """Transcribe the folder, and return what became of each: key, state, reason."""
    async with transcribe_many(dg, find_recordings(calls), **Kept(calls, **options)) as batch:
        return [(outcome.key, outcome.state, outcome.reason) for outcome in await in_order(batch)]


async def test_each_is_sent_written_and_remembered(calls: Path) -> None:
    async with (
        talking(heard) as (dg, peer),
        transcribe_many(dg, find_recordings(calls), jobs=2, model="nova-2", **Kept(calls)) as batch,
    ):
        outcomes = await in_order(batch)
    assert [outcome.key for outcome in outcomes] == ["calls/a.wav", "calls/b.mp3", "calls/sub/c.ogg"]
    assert {outcome.state for outcome in outcomes} == {"done"}
    assert [outcome.output for outcome in outcomes] == [
        calls.parent / "out" / name for name in ("a.wav.txt", "b.mp3.txt", "sub/c.ogg.txt")
    ]
    assert outcomes[0].transcription is not None
    assert outcomes[0].transcription.transcript == "this is a"
    assert (outcomes[0].duration_s, outcomes[0].request_id) == (2.0, "request-this is a")
    expected = {"a.wav.txt": "this is a\n", "b.mp3.txt": "this is b\n", "sub/c.ogg.txt": "this is c\n"}
    assert files_in(calls.parent / "out") == expected
    assert {asked.query[0] for asked in peer.asked} == {("model", "nova-2")}
    sent, done = records(calls.parent / "m.jsonl")["calls/sub/c.ogg"]
    assert (sent.state, sent.size_bytes, sent.mtime_ns) == ("sent", 9, 1_000_000_000)
    assert (done.state, done.output, done.duration_s) == ("done", "out/sub/c.ogg.txt", 2.0)
    assert done.request_id == "request-this is c"


async def test_started_again_it_sends_nothing_twice(calls: Path) -> None:
    async with talking(heard) as (dg, peer):
        await states(dg, calls)
        assert {found[1:] for found in await states(dg, calls)} == {("skipped", "already done")}
        assert len(peer.asked) == 3


async def test_what_has_changed_is_done_again_and_says_why(calls: Path) -> None:
    async with talking(heard) as (dg, peer):
        await states(dg, calls)
        put(calls / "a.wav", "other")
        (calls.parent / "out" / "b.mp3.txt").unlink()
        assert await states(dg, calls) == [
            ("calls/a.wav", "done", "file changed"),
            ("calls/b.mp3", "done", "output missing"),
            ("calls/sub/c.ogg", "skipped", "already done"),
        ]
        assert content_of(calls.parent / "out" / "a.wav.txt") == "other\n"
        assert {found[1:] for found in await states(dg, calls, punctuate=True)} == {("done", "options changed")}
        assert {found[1:] for found in await states(dg, calls, punctuate=True)} == {("skipped", "already done")}
        assert {found[2] for found in await states(dg, calls, output_format="json")} == {"options changed"}
        assert len(peer.asked) == 3 + 2 + 3 + 3


async def test_with_a_checksum_the_content_counts_and_not_the_time(calls: Path) -> None:
    async with talking(heard) as (dg, peer):
        await states(dg, calls, checksum=True)
        os.utime(calls / "a.wav")
        put(calls / "b.mp3", "this is B")
        os.utime(calls / "b.mp3", ns=(1, 5_000_000_000))
        found = await states(dg, calls, checksum=True)
        assert [reason for _, _, reason in found] == ["already done", "file changed", "already done"]
        assert len(peer.asked) == 4
    digest = records(calls.parent / "m.jsonl")["calls/a.wav"][-1].sha256
    assert digest is not None
    assert len(digest) == 64


async def test_another_output_folder_is_no_reason_to_pay_again(calls: Path) -> None:
    async with talking(heard) as (dg, peer):
        await states(dg, calls)
        assert {found[1] for found in await states(dg, calls, output_dir=calls.parent / "other")} == {"skipped"}
        assert len(peer.asked) == 3


async def test_the_folder_can_be_moved_with_all_that_is_in_it(calls: Path, tmp_path: Path) -> None:
    async with talking(heard) as (dg, peer):
        await states(dg, calls)
        moved = tmp_path / "moved"
        moved.mkdir()
        for name in ("calls", "out", "m.jsonl"):
            (tmp_path / name).rename(moved / name)
        assert {found[1] for found in await states(dg, moved / "calls")} == {"skipped"}
        assert len(peer.asked) == 3


async def test_a_failure_is_remembered_and_tried_again(calls: Path) -> None:
    put(calls / "a.wav", "400")
    async with talking(heard) as (dg, _):
        async with transcribe_many(dg, find_recordings(calls), **Kept(calls)) as batch:
            failed, *others = await in_order(batch)
        assert [outcome.state for outcome in others] == ["done", "done"]
        assert (failed.state, failed.output, failed.transcription) == ("failed", None, None)
        assert isinstance(failed.error, BadRequestError)
        line = records(calls.parent / "m.jsonl")["calls/a.wav"][-1]
        assert line.error is not None
        assert (line.state, line.error.type, line.error.status, line.error.code) == (
            "failed",
            "BadRequestError",
            400,
            "E",
        )
        put(calls / "a.wav", "better")
        assert (await states(dg, calls))[0] == ("calls/a.wav", "done", "failed before")


async def test_credentials_that_are_refused_stop_all(calls: Path) -> None:
    put(calls / "a.wav", "401")
    async with talking(heard) as (dg, peer):
        with pytest.raises(AuthenticationError):
            await states(dg, calls, jobs=1)
        assert len(peer.asked) == 1
    assert records(calls.parent / "m.jsonl")["calls/a.wav"][-1].state == "failed"


async def test_a_file_that_is_there_is_not_written_over_and_its_recording_not_sent(calls: Path) -> None:
    out = calls.parent / "out"
    out.mkdir()
    put(out / "a.wav.txt", "mine")
    async with talking(heard) as (dg, peer):
        assert (await states(dg, calls))[0] == ("calls/a.wav", "failed", None)
        assert content_of(out / "a.wav.txt") == "mine"
        assert len(peer.asked) == 2
        assert (await states(dg, calls))[0] == ("calls/a.wav", "failed", None)  # a failure does not make it ours
        assert (await states(dg, calls, overwrite=True))[0] == ("calls/a.wav", "done", "failed before")
        assert content_of(out / "a.wav.txt") == "this is a\n"
        assert len(peer.asked) == 3


async def test_a_file_that_appears_meanwhile_is_not_written_over(calls: Path) -> None:
    async def answer(asked: Asked) -> Reply:
        put(calls / "a.wav.txt", "mine")
        return heard(asked)

    async with talking(answer) as (dg, _), transcribe_many(dg, [calls / "a.wav"], output_format="text") as batch:
        (outcome,) = await in_order(batch)
    assert isinstance(outcome.error, FileExistsError)
    assert outcome.transcription is not None  # it was paid for
    assert content_of(calls / "a.wav.txt") == "mine"
    assert sorted(files_in(calls)) == ["a.wav", "a.wav.txt", "b.mp3", "sub/c.ogg"]


async def test_one_listed_twice_is_sent_once(calls: Path) -> None:
    gate = anyio.Event()

    async def answer(asked: Asked) -> Reply:
        await gate.wait()
        return heard(asked)

    async def sources() -> Any:
        for spelling in (calls / "a.wav", os.path.join(str(calls), "sub", "..", "a.wav"), calls / "a.wav"):
            yield spelling
        gate.set()
        await peer_answered.wait()
        yield calls / "a.wav"

    peer_answered = anyio.Event()

    async def note(outcome: Any) -> None:
        if outcome.state == "done":
            peer_answered.set()

    async with talking(answer) as (dg, peer):
        async with transcribe_many(dg, sources(), jobs=8, **Kept(calls)) as batch:
            outcomes = await in_order(batch, note)
        assert len(peer.asked) == 1
    assert sorted(str(outcome.reason) for outcome in outcomes) == ["already done", "new", "twice", "twice"]


async def test_two_whose_results_would_be_one_file_are_not_both_sent(tmp_path: Path) -> None:
    paths = write_files(tmp_path, ["x/a.wav", "y/a.wav"])
    async with talking(heard) as (dg, peer):
        async with transcribe_many(dg, paths, output_dir=tmp_path / "out") as batch:
            outcomes = await in_order(batch)
        assert sorted(outcome.state for outcome in outcomes) == ["done", "failed"]
        assert len(peer.asked) == 1


async def test_what_cannot_be_read_fails_alone(tmp_path: Path) -> None:
    empty, good = write_files(tmp_path, ["empty.wav", "good.wav"])
    put(empty, "")
    sources: list[Source] = [tmp_path / "none.wav", tmp_path, empty, good, "https://user:pa ss@x/a.wav", "http://[x"]
    async with talking(heard) as (dg, _), transcribe_many(dg, sources, manifest=tmp_path / "m.jsonl") as batch:
        outcomes = await in_order(batch)
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    assert len(failed) == 5
    assert all(isinstance(outcome.error, ConfigError) for outcome in failed)
    assert "pa ss" not in str(failed)
    assert [outcome.key for outcome in outcomes if outcome.state == "done"] == ["good.wav"]


@pytest.mark.parametrize("source", [5, None, b"bytes"])
async def test_what_is_no_recording_at_all_is_a_mistake_in_the_call(tmp_path: Path, source: Any) -> None:
    async with talking(heard) as (dg, peer):
        with pytest.raises(ConfigError, match="a recording must be a path"):
            async with transcribe_many(dg, [source]) as batch:
                await in_order(batch)
        assert peer.asked == []


async def test_a_url_is_known_without_its_secrets(tmp_path: Path) -> None:
    url = "https://me:secret@audio.example/x/speech.wav?signature=secret"
    async with talking(words("far away")) as (dg, peer):
        for _ in range(2):
            async with transcribe_many(dg, [url], output_dir=tmp_path, manifest=tmp_path / "m.jsonl") as batch:
                (outcome,) = await in_order(batch)
        assert [asked.json() for asked in peer.asked] == [{"url": url}]
    assert outcome.state == "skipped"
    assert outcome.key.startswith("https://audio.example/x/speech.wav?")
    assert "secret" not in str(files_in(tmp_path))
    assert sorted(name.partition("-")[0] for name in files_in(tmp_path)) == ["audio.example_x_speech.wav", "m.jsonl"]


async def test_names_and_keys_of_ones_own(calls: Path) -> None:
    source = Recording(source=calls / "a.wav", key="call 17", name="2026/call-17")
    async with talking(heard) as (dg, _), transcribe_many(dg, [source], **Kept(calls)) as batch:
        (outcome,) = await in_order(batch)
    assert outcome.key == "call 17"
    assert files_in(calls.parent / "out") == {"2026/call-17.txt": "this is a\n"}


async def test_without_a_place_nothing_is_written(calls: Path) -> None:
    before = files_in(calls.parent)
    async with (
        talking(heard) as (dg, _),
        transcribe_many(dg, list(find_recordings(calls)), PrerecordedOptions(model="base")) as batch,
    ):
        outcomes = await in_order(batch)
    assert {outcome.state for outcome in outcomes} == {"done"}
    assert files_in(calls.parent) == before


async def test_json_is_what_the_server_sent(calls: Path) -> None:
    async with talking(heard) as (dg, _):
        await states(dg, calls, output_format=None)
    text = content_of(calls.parent / "out" / "a.wav.json")
    assert Transcription.__name__ not in text
    assert '"request_id": "request-this is a"' in text


async def test_progress_is_told(calls: Path) -> None:
    told: list[ItemProgress] = []
    async with talking(heard) as (dg, _):
        async with transcribe_many(dg, [calls / "a.wav"], on_progress=told.append, **Kept(calls)) as batch:
            (outcome,) = await in_order(batch)
        assert [progress.state for progress in told] == ["started", "sending", "done"]
        assert (told[1].sent_bytes, told[1].total_bytes) == (9, 9)
        assert told[2].outcome is outcome
        async with transcribe_many(dg, [calls / "a.wav"], on_progress=told.append, **Kept(calls)) as batch:
            await in_order(batch)
        assert (told[3].state, told[3].reason) == ("skipped", "already done")


@pytest.mark.parametrize("options", [{"callback": "https://x.example"}, {"extra_query": {"callback": "x"}}])
async def test_results_that_go_elsewhere_are_refused(calls: Path, options: Any) -> None:
    async with talking(heard) as (dg, peer):
        with pytest.raises(ConfigError, match="callback"):
            await states(dg, calls, **options)
        with pytest.raises(ConfigError, match="format must be"):
            await states(dg, calls, output_format="docx")
        with pytest.raises(ConfigError, match="unknown option"):
            await states(dg, calls, modle="nova-3")
        assert peer.asked == []


async def test_an_open_manifest_is_used_and_left_open(calls: Path) -> None:
    async with open_manifest(calls.parent / "m.jsonl") as manifest, talking(heard) as (dg, _):
        assert len(await states(dg, calls, manifest=manifest)) == 3
        assert {found[1] for found in await states(dg, calls, manifest=manifest)} == {"skipped"}


def test_rendered_text_has_its_paragraphs_and_speakers() -> None:
    def spoken(*speakers: int) -> Transcription:
        raw = msgspec.json.decode(words("yes no yes").body)
        for word, speaker in zip(raw["results"]["channels"][0]["alternatives"][0]["words"], speakers, strict=False):
            word["speaker"] = speaker
        return msgspec.convert(raw, Transcription)

    assert render(spoken(), "text") == b"yes no yes\n"
    assert render(spoken(0, 1, 1), "text") == b"Speaker 0: yes\n\nSpeaker 1: no yes\n"
    assert render(spoken(), "srt").decode() == spoken().to_srt()
    assert render(spoken(), "vtt").decode() == spoken().to_webvtt()
    silent = msgspec.json.decode(words("").body, type=Transcription)
    assert (render(silent, "srt"), render(silent, "vtt"), render(silent, "text")) == (b"", b"WEBVTT\n", b"\n")
