"""Runs streams through fault proxies, and the same audio without any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import anyio

from deepgram_anyio import ClientConfig, DeepgramClient, DeepgramError, ReconnectPolicy, Timeouts
from deepgram_anyio.local.faults import fault_proxy

from .soak_checks import Log, connections, differing_words, problems, seams, stray_words, words_of
from .soak_faults import Misfortune
from .soak_speech import Speech

__all__ = ["SEAM_S", "Job", "Outcome", "References", "run_stream"]

# Short enough for a stall to be noticed soon, and long enough for a machine that has other things to do.
_TIMEOUTS = Timeouts(connect_s=2.0, send_s=2.0, ping_interval_s=0.5, pong_s=1.5, drain_s=300.0)
SEAM_S = 1.5
"""How far from a seam a word may be another than in an uncut stream, in seconds."""
_BEHIND_S = 0.5  # audio of an uncut stream behind what is to be compared, so that the pause after it is heard


@dataclass(frozen=True, kw_only=True)
class Job:
    """A stream to run.

    Attributes:
        number: from 1.
        speech: what is said.
        misfortune: what happens.
        pace: how much faster than real time it is sent; None for as fast as the server takes it.
        max_replay_s: audio that may wait for a replay; what is more is lost when a connection breaks.
    """

    number: int
    speech: Speech
    misfortune: Misfortune
    pace: float | None = 1.0
    max_replay_s: float = 120.0


@dataclass(kw_only=True)
class Outcome:
    """What became of it.

    Attributes:
        job: the stream.
        log: what it said.
        cuts: how often each kind of misfortune happened.
        problems: what is wrong with it.
        compared: how many final results were compared with those of uncut streams.
    """

    job: Job
    log: Log
    cuts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    compared: int = 0


async def run_stream(job: Job, url: str, *, timeouts: Timeouts = _TIMEOUTS, within_s: float = 900.0) -> Outcome:
    """Send a stream to a server through a proxy of its own, and look for what is wrong with it.

    Args:
        job: the stream.
        url: of the server.
        timeouts: of the client.
        within_s: how long it may take.
    """
    outcome = Outcome(job=job, log=job.speech.log())
    policy = ReconnectPolicy(
        max_attempts=1000,
        max_outage_s=within_s,
        first_s=0.02,
        max_s=0.2,
        max_replay_s=job.max_replay_s,
        replay_pace=None,
    )
    async with fault_proxy(url, faults=job.misfortune) as proxy:
        try:
            with anyio.fail_after(within_s):
                config = ClientConfig(api_key="any", base_url=proxy.url, timeouts=timeouts, reconnect=policy)
                await _listen(job.speech, job.speech.data, config, outcome.log, pace=job.pace)
        except (DeepgramError, TimeoutError) as error:
            outcome.problems.append(f"ended with {type(error).__name__}: {error}")
        for record in proxy.connections:
            if record.fired:
                outcome.cuts[job.misfortune.kinds[record.number - 1]] += 1
    outcome.problems += problems(outcome.log)
    return outcome


async def _listen(speech: Speech, data: bytes, config: ClientConfig, log: Log, *, pace: float | None = None) -> None:
    async with (
        DeepgramClient(config=config) as dg,
        dg.listen.v1.stream(data, interim_results=True, endpointing=300, pace=pace, **speech.params) as stream,
    ):
        async for event in stream:
            log.take(event)
        stats = stream.stats
    if stats.reconnects != len(log.reconnections):
        log.unexpected.append(f"{stats.reconnects} reconnects in its figures, {len(log.reconnections)} events")
    if stats.bytes_sent != len(data):
        log.unexpected.append(f"{stats.bytes_sent} bytes sent in its figures, of {len(data)}")


class References:
    """What the server hears of a speech, from any byte of it on, when nothing is cut."""

    def __init__(self, url: str) -> None:
        never = ReconnectPolicy(max_attempts=0)
        self._config = ClientConfig(api_key="any", base_url=url, timeouts=_TIMEOUTS, reconnect=never)
        self._logs: dict[tuple[int, int], tuple[float, Log]] = {}

    def whole(self, speech: Speech) -> Log:
        """Return what was heard of all of it; `prepare` must have been called."""
        return self._logs[id(speech), 0][1]

    @property
    def count(self) -> int:
        """How many streams there were."""
        return len(self._logs)

    async def prepare(self, speeches: Iterable[Speech], outcomes: Iterable[Outcome] = (), *, at_once: int = 4) -> None:
        """Run the streams that `whole`, and `compare` of some outcomes, will need."""
        wanted = {(id(speech), 0): (speech, speech.log().duration_s) for speech in speeches}
        for outcome in outcomes:
            speech = outcome.job.speech
            for connection in connections(outcome.log):
                key = (id(speech), connection.origin_bytes)
                until_s = max((final.end_s for final in connection.finals), default=0.0)
                if until_s > max(wanted.get(key, (speech, 0.0))[1], self._logs.get(key, (0.0, None))[0]):
                    wanted[key] = (speech, until_s)
        limiter = anyio.CapacityLimiter(at_once)
        async with anyio.create_task_group() as tasks:
            for key, (speech, until_s) in wanted.items():
                if key not in self._logs or self._logs[key][0] < until_s:
                    tasks.start_soon(self._run, key, speech, until_s, limiter)

    async def _run(self, key: tuple[int, int], speech: Speech, until_s: float, limiter: anyio.CapacityLimiter) -> None:
        log = speech.log()
        until = round((until_s + _BEHIND_S) * log.byte_rate)
        data = speech.data[key[1] : until - until % log.frame_bytes]
        async with limiter:
            await _listen(speech, data, self._config, log)
        self._logs[key] = (until_s, log)

    def forget(self) -> None:
        """Keep only what was heard of whole speeches."""
        self._logs = {key: entry for key, entry in self._logs.items() if not key[1]}

    def compare(self, outcome: Outcome) -> None:
        """Compare every final result with what an uncut stream says that began where its connection did."""
        log, speech = outcome.log, outcome.job.speech
        for connection in connections(log):
            outcome.compared += len(connection.finals)
            if connection.finals:
                _, reference = self._logs[id(speech), connection.origin_bytes]
                finals = [final for channel in range(log.channels) for final in reference.finals(channel)]
                origin_s = connection.origin_bytes / log.byte_rate
                outcome.problems += differing_words(log, connection.finals, finals, origin_s)

    def compare_whole(self, outcome: Outcome) -> None:
        """Compare the whole text with that of the uncut stream, for a recogniser that hears the same in both."""
        log, whole = outcome.log, self.whole(outcome.job.speech)
        for channel in range(log.channels):
            expected, heard = words_of(whole, channel), words_of(log, channel)
            outcome.problems += stray_words(expected, heard, seams(log, channel), SEAM_S)
