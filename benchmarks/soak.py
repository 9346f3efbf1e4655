"""Many live streams of real speech, cut at random in every way there is, and nothing missing at the end.

    python benchmarks/soak.py [--streams 50] [--seconds 0] [--seed 1] [--backend asyncio] [--write]

A voice speaks some texts; the embedded server writes them down with its real recogniser. Every stream goes through a
fault proxy of its own. What the streams say is compared with what the same audio gives when nothing is cut.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import random
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.soak_faults import Misfortune
from benchmarks.soak_recognizer import forgetful_recognizer
from benchmarks.soak_report import Report, written
from benchmarks.soak_resources import leaks, measure, settled
from benchmarks.soak_speech import Speech, speeches
from benchmarks.soak_streams import Job, Outcome, References, run_stream
from deepgram_anyio import local

__all__ = ["main"]

PAGE = Path(__file__).resolve().parent.parent / "docs" / "soak.md"
MIN_RECONNECTIONS = 10
_EVERY_LOSSY = 10
_LOSSY_S = 1.5
_LOSSY_AT_ONCE = 2
_WARM_UP_S = 5.0


def jobs(spoken: Sequence[Speech], count: int, seed: object, *, first: int = 1) -> list[Job]:
    """Draw streams from a seed. Every tenth may keep so little for a replay that it has to lose some."""
    found = []
    for number in range(first, first + count):
        speech = spoken[number % len(spoken)]
        lossy = number % _EVERY_LOSSY == 0
        rng = random.Random(f"{seed}/{number}")
        found.append(
            Job(
                number=number,
                speech=speech,
                misfortune=Misfortune(f"{seed}/{number}", byte_rate=speech.byte_rate),
                pace=1.0 if lossy else rng.choice((1.0, 1.0, 2.0, None)),
                max_replay_s=_LOSSY_S if lossy else 120.0,
            )
        )
    return found


async def run_all(these: Sequence[Job], url: str) -> list[Outcome]:
    """Run streams: those that lose nothing all at once, and then, few at a time, the others.

    A server with many streams falls behind, and then those would lose nearly everything.
    """
    outcomes: list[Outcome] = []

    async def run(job: Job, limiter: anyio.CapacityLimiter) -> None:
        async with limiter:
            outcomes.append(await run_stream(job, url))

    whole, lossy = ([job for job in these if (job.max_replay_s == _LOSSY_S) is kind] for kind in (False, True))
    for group, at_once in ((whole, len(these)), (lossy, _LOSSY_AT_ONCE)):
        limiter = anyio.CapacityLimiter(at_once)
        async with anyio.create_task_group() as tasks:
            for job in group:
                tasks.start_soon(run, job, limiter)
    return outcomes


def judge(outcomes: Sequence[Outcome], references: References) -> None:
    """Add what can only be told when the references are there."""
    for outcome in outcomes:
        references.compare(outcome)
        if outcome.job.max_replay_s == _LOSSY_S:
            continue
        references.compare_whole(outcome)
        count = len(outcome.log.reconnections)
        if count < MIN_RECONNECTIONS:
            outcome.problems.append(f"broke only {count} times")


async def soak(arguments: argparse.Namespace) -> int:
    """Run it; return how many things were wrong."""
    began = time.monotonic()
    spoken = await anyio.to_thread.run_sync(speeches)
    report = Report(seed=arguments.seed, backend=arguments.backend)
    async with (
        forgetful_recognizer() as recognizer,
        local.serve(recognizer=recognizer, max_connections=10 * arguments.streams) as server,
    ):
        references = References(server.url)
        await references.prepare(spoken)
        print(f"{len(spoken)} speeches; warming up", flush=True)
        idle = measure()
        # As many as later, since memory is not given back whole after a peak, but short ones.
        beginnings = [speech.first(_WARM_UP_S) for speech in spoken]
        await run_all(jobs(beginnings, arguments.streams, f"{arguments.seed}/warm-up"), server.url)
        before = await settled(idle)
        report.before = before
        first = 1
        while first == 1 or time.monotonic() - began < arguments.seconds:
            outcomes = await run_all(jobs(spoken, arguments.streams, arguments.seed, first=first), server.url)
            await references.prepare(spoken, outcomes)
            judge(outcomes, references)
            report.add(outcomes, references)
            for outcome in outcomes:
                for problem in outcome.problems:
                    print(f"stream {outcome.job.number} ({outcome.job.speech.name}): {problem}", flush=True)
            outcomes.clear()
            references.forget()
            report.after = await settled(before)
            report.leaks = leaks(before, report.after, connections=report.connections)
            first += arguments.streams
            print(f"{report.progress()}, {time.monotonic() - began:.0f} s", flush=True)
    report.took_s = time.monotonic() - began
    print("\n" + report.table())
    if arguments.write:
        PAGE.write_text(written(PAGE.read_text("utf-8"), report), "utf-8")
    return report.wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 1 when anything was wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--streams", type=int, default=50, help="how many streams at once (50)")
    parser.add_argument("--seconds", type=float, default=0.0, help="begin more rounds of them for so long (0)")
    parser.add_argument("--seed", default="1", help="what all misfortunes are drawn from (1)")
    parser.add_argument("--backend", choices=["asyncio", "uvloop", "trio"], default="asyncio")
    parser.add_argument("--write", action="store_true", help=f"write the figures into {PAGE.name}")
    options = parser.parse_args(arguments)
    logging.getLogger("deepgram_anyio").addHandler(logging.NullHandler())
    print(f"{platform.platform()}, {os.cpu_count()} processors, Python {platform.python_version()}", flush=True)
    backend = "asyncio" if options.backend == "uvloop" else options.backend
    backend_options = {"use_uvloop": True} if options.backend == "uvloop" else {}
    return 1 if anyio.run(partial(soak, options), backend=backend, backend_options=backend_options) else 0


if __name__ == "__main__":
    sys.exit(main())
