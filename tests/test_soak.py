"""The soak in small: a few streams, cut in every way there is, with a recogniser that does as it is told.

``make soak`` is the whole of it. What it checks with is tested here, too: a check that finds nothing must be one that
would.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import anyio
import pytest

from benchmarks.soak_checks import Log, Result, Word, connections, differing_words, problems, seams, stray_words
from benchmarks.soak_faults import BREAKS, OPENINGS, Misfortune
from benchmarks.soak_resources import leaks, measure, settled
from benchmarks.soak_speech import Speech
from benchmarks.soak_streams import Job, Outcome, References, run_stream
from deepgram_anyio import Timeouts, local
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.protocol.ledger import AudioFormat
from deepgram_anyio.protocol.messages import Reconnected

RATE = 32_000  # bytes of a second
BRISK = Timeouts(connect_s=0.5, send_s=0.5, ping_interval_s=0.1, pong_s=0.3)
SCRIPT = [f"word{number} is said" for number in range(40)]


def spoken(channels: int = 1) -> Speech:
    """Sentences; on a second channel, one goes on while the other pauses."""
    voice = ToneVoice(word_s=0.1, pause_s=0.6)
    sound = b"".join(voice.synthesize("One two three. " * 14))
    sides = [memoryview(sound).cast("h"), memoryview(bytes(16_000) + sound[:-16_000]).cast("h")][:channels]
    both = memoryview(bytearray(len(sound) * channels)).cast("h")
    for number, side in enumerate(sides):
        both[number::channels] = side
    audio = AudioFormat(encoding="linear16", sample_rate=RATE // 2, channels=channels)
    return Speech(name=f"{channels} channels", data=bytes(both), format=audio, multichannel=channels > 1)


def jobs(*, breaks: int, openings: int) -> list[Job]:
    one, two = spoken(), spoken(channels=2)
    return [
        Job(
            number=number,
            speech=speech,
            misfortune=Misfortune(
                f"soak/{number}",
                byte_rate=speech.byte_rate,
                breaks=breaks,
                openings=openings,
                audio_s=(0.3, 1.5),
                answer_bytes=(500, 3000),
                stall_s=(0.9, 1.1),
            ),
            pace=pace,
            max_replay_s=max_replay_s,
        )
        for number, (speech, pace, max_replay_s) in enumerate([(one, None, 60.0), (two, None, 60.0), (one, 8.0, 1.0)])
    ]


async def run_all(these: Sequence[Job], url: str) -> list[Outcome]:
    outcomes: list[Outcome] = []

    async def run(job: Job) -> None:
        outcomes.append(await run_stream(job, url, timeouts=BRISK, within_s=30.0))

    async with anyio.create_task_group() as tasks:
        for job in these:
            tasks.start_soon(run, job)
    return outcomes


@pytest.mark.anyio
async def test_streams_that_are_cut_in_every_way_say_what_uncut_ones_say(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    async with local.serve(recognizer=ScriptedRecognizer(SCRIPT)) as server:
        references = References(server.url)
        await run_all(jobs(breaks=1, openings=0), server.url)  # everything is imported and started
        before = measure()
        outcomes = await run_all(jobs(breaks=len(BREAKS), openings=len(OPENINGS)), server.url)
        await references.prepare([], outcomes)
        for outcome in outcomes:
            references.compare(outcome)
        after = await settled(before, within_s=10.0)
    assert [problem for outcome in outcomes for problem in outcome.problems] == []
    for outcome in outcomes:
        assert set(outcome.cuts) >= set(outcome.job.misfortune.kinds) - {"stall"}
        assert len(outcome.log.reconnections) >= len(BREAKS) - 1
        assert outcome.compared >= 14
    assert leaks(before, after, connections=100) == []


# What it checks with.


def final(start_s: float, end_s: float, *texts: str, channel: int = 0, is_final: bool = True) -> Result:
    words = tuple(Word(text, start_s + 0.1 * number, start_s + 0.1 * number + 0.1) for number, text in enumerate(texts))
    return Result(channel, start_s, end_s, is_final, words)


def interim(start_s: float, end_s: float) -> Result:
    return final(start_s, end_s, is_final=False)


def again(lost_s: float = 0.0) -> Reconnected:
    return Reconnected(attempt=1, gap_s=0.1, lost_s=lost_s)


def log(*entries: Result | Reconnected, **more: Any) -> Log:
    whole: dict[str, Any] = {"duration_s": 6.0, "told_s": 6.0, "byte_rate": RATE, "frame_bytes": 2, **more}
    return Log(entries=list(entries), **whole)


@pytest.mark.parametrize(
    "fine",
    [
        log(final(0.0, 2.0), interim(2.0, 3.0), final(2.0, 6.0)),
        log(final(0.0, 2.0), interim(2.0, 3.0), again(), interim(2.0, 2.5), final(2.0, 6.0)),
        log(final(0.0, 2.0), again(lost_s=1.0), again(lost_s=0.5), final(3.5, 6.0)),
        log(final(0.0, 6.0), final(0.0, 2.0, channel=1), again(), final(2.0, 6.0, channel=1), channels=2),
    ],
)
def test_streams_that_are_fine(fine: Log) -> None:
    assert problems(fine) == []


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        (log(final(0.0, 2.0), final(2.1, 6.0)), "without a final result"),
        (log(final(0.0, 2.0), again(lost_s=1.0), final(2.5, 6.0)), "told lost"),
        (log(final(0.0, 2.0), again(lost_s=1.0), final(2.0, 6.0)), "told lost"),
        (log(final(0.0, 2.0), again(), final(1.9, 6.0)), "without a final result"),
        (log(final(0.0, 2.0), final(2.0, 5.9)), "ends at 5.900 s"),
        (log(final(0.0, 2.0), interim(1.9, 3.0), final(2.0, 6.0)), "an interim result begins at 1.900 s"),
        (log(final(0.0, 2.0, *"abcdefghijklmnopqrstuvwxyz"), final(2.0, 6.0, "early")), "'early' at 2.000 s"),
        (log(final(0.0, 6.0), told_s=5.0), "tells of 5.000 s"),
        (log(final(0.0, 6.0), told_s=None), "no Metadata"),
        (log(final(0.0, 6.0), unexpected=["Error"]), "said Error"),
        (log(final(0.0, 6.0), channels=2), "channel 1: the last final result ends at 0.000 s"),
    ],
)
def test_what_is_wrong_is_found(wrong: Log, found: str) -> None:
    assert any(found in problem for problem in problems(wrong)), problems(wrong)


def test_where_connections_began() -> None:
    stream = log(final(0.0, 2.0), again(), again(lost_s=0.5), final(2.5, 3.0), again(), final(3.0, 6.0))
    assert [connection.origin_bytes / RATE for connection in connections(stream)] == [0.0, 2.0, 2.5, 3.0]
    assert [len(connection.finals) for connection in connections(stream)] == [1, 0, 1, 1]
    assert seams(stream, 0) == [2.0, 3.0]


def test_words_that_differ_are_found() -> None:
    stream = log()
    reference = [final(0.0, 1.0, "one", "two"), final(1.0, 2.0, "three")]
    same = [final(2.0, 3.0, "one", "two"), final(3.0, 4.0, "three")]
    assert list(differing_words(stream, same, reference, 2.0)) == []
    assert len(list(differing_words(stream, [final(2.0, 3.0, "one")], reference, 2.0))) == 1
    assert "no final result" in next(differing_words(stream, [final(2.0, 3.5, "one")], reference, 2.0))
    behind = [Result(0, 2.1, 3.0, True, (Word("two", 2.1, 2.2),))]  # what came before was given by another connection
    assert list(differing_words(stream, behind, reference, 2.0)) == []


def test_words_may_differ_near_seams_only() -> None:
    uncut = [Word("one", 0.9, 1.1), Word("two", 3.9, 4.1), Word("three", 4.9, 5.1)]
    near = [Word("won", 0.9, 1.1), *uncut[1:]]
    far = [*uncut[:2], Word("free", 4.9, 5.1)]
    assert list(stray_words(uncut, uncut, [], 1.5)) == []
    assert list(stray_words(uncut, near, [0.0], 1.5)) == []
    assert list(stray_words(uncut, near, [], 1.5)) != []
    assert "'free'; uncut: 'three'" in next(stray_words(uncut, far, [0.0, 2.0], 1.5))
    assert "''; uncut: 'three'" in next(stray_words(uncut, uncut[:2], [0.0, 2.0], 1.5))


@pytest.mark.parametrize("seed", range(20))
def test_a_misfortune_begins_with_a_connection_and_has_every_kind(seed: int) -> None:
    misfortune = Misfortune(seed, byte_rate=RATE)
    assert misfortune.kinds[0] in BREAKS
    assert set(misfortune.kinds) == {*BREAKS, *OPENINGS}
    numbers = range(1, len(misfortune.kinds) + 3)
    assert [misfortune(number) for number in numbers] == [
        Misfortune(seed, byte_rate=RATE)(number) for number in numbers
    ]
    assert [bool(misfortune(number)) for number in numbers] == [True] * len(misfortune.kinds) + [False] * 2
