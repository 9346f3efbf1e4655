"""One embedded server, many clients, one transcript.

The same speech goes through this project's client and through the threaded and the asyncio clients of deepgram-sdk v4
and v7, those in environments of their own, which the benchmarks share. All clients of one route have to hear the same
words, of the same length of audio, without a single error.

    python tests/interop/run.py
"""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
import wave
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from benchmarks.environments import ROOT, environment

__all__ = ["Client", "Outcome", "main"]

CACHE = ROOT / ".cache" / "interop"
RECORDING = ROOT.parent / "shared" / "fixtures" / "audio" / "preamble_44100_linear16.wav"
TEXT = "The quick brown fox jumps over the lazy dog. We will meet again tomorrow morning at the old station."
QUESTION = "What is the weather in Boston today?"
SERVER = ["deepgram_anyio", "serve", "--host", "127.0.0.1", "--port", "0"]
SPEECH_SERVER = ["tests.interop.speech_server"]
SERVER_START_S = 60.0
SERVER_STOP_S = 5.0
CLIENT_S = 75.0
LAST_LINES = 15
PAUSE_S = 1.5  # as in clients/support.py: of the speech that is sent twice


@dataclass(frozen=True)
class Client:
    """One program of ``clients``, what its environment holds (None means the running one), and the route it is for."""

    name: str
    program: str
    requirement: str | None = None
    route: str = "/v1/listen"


CLIENTS = [
    Client("deepgram_anyio", "own"),
    Client("deepgram-sdk 4.8.1, threads", "v4_sync", "deepgram-sdk==4.8.1"),
    Client("deepgram-sdk 4.8.1, asyncio", "v4_async", "deepgram-sdk==4.8.1"),
    Client("deepgram-sdk 7.16.0, threads", "v7_sync", "deepgram-sdk==7.16.0"),
    Client("deepgram-sdk 7.16.0, asyncio", "v7_async", "deepgram-sdk==7.16.0"),
    Client("deepgram_anyio", "own_flux", route="/v2/listen"),
    Client("deepgram-sdk 7.16.0, threads", "v7_flux_sync", "deepgram-sdk==7.16.0", "/v2/listen"),
    Client("deepgram-sdk 7.16.0, asyncio", "v7_flux_async", "deepgram-sdk==7.16.0", "/v2/listen"),
    Client("deepgram_anyio", "own_speak", route="/v1/speak"),
    Client("deepgram-sdk 4.8.1, threads", "v4_speak_sync", "deepgram-sdk==4.8.1", "/v1/speak"),
    Client("deepgram-sdk 7.16.0, threads", "v7_speak_sync", "deepgram-sdk==7.16.0", "/v1/speak"),
    Client("deepgram_anyio", "own_flux_speak", route="/v2/speak"),
    Client("deepgram-sdk 7.16.0, asyncio", "v7_flux_speak_async", "deepgram-sdk==7.16.0", "/v2/speak"),
    Client("deepgram_anyio", "own_agent", route="/v1/agent"),
    Client("deepgram-sdk 4.8.1, threads", "v4_agent_sync", "deepgram-sdk==4.8.1", "/v1/agent"),
    Client("deepgram-sdk 7.16.0, asyncio", "v7_agent_async", "deepgram-sdk==7.16.0", "/v1/agent"),
]


@dataclass
class Outcome:
    """What became of a client: its report, and what is wrong with it."""

    client: Client
    elapsed_s: float
    report: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the finally clauses stop what was started
    pythons = {client.requirement: _environment(client.requirement) for client in CLIENTS}
    speech, question = _speech(), _spoken("question", QUESTION)
    outcomes = []
    for arguments, spoken in ((SERVER, False), (SPEECH_SERVER, True)):
        clients = [client for client in CLIENTS if client.route.endswith(("/speak", "/agent")) is spoken]
        with _server(arguments) as (url, log):
            for client in clients:
                heard = question if client.route == "/v1/agent" else speech
                outcomes.append(_run(client, pythons[client.requirement], url, heard))
    duration_s = _duration_s(speech)
    routes = {"/v1/listen": duration_s, "/v2/listen": 2 * duration_s + PAUSE_S}
    for route in ("/v1/speak", "/v2/speak", "/v1/agent"):
        spoken_s = (outcome.report.get("metadata_duration") for outcome in outcomes if outcome.client.route == route)
        routes[route] = next(spoken_s) or 0.0
    for route, expected_s in routes.items():
        _compare([outcome for outcome in outcomes if outcome.client.route == route], expected_s)
    _print_table(outcomes)
    failed = [outcome for outcome in outcomes if outcome.problems]
    for outcome in failed:
        print(
            f"\n{outcome.client.name}, {outcome.client.route}:",
            *(f"  {problem}" for problem in outcome.problems),
            sep="\n",
        )
    if failed:
        print("\nthe server's last lines:", *(f"  {line}" for line in log), sep="\n")
        print(f"\ninterop: {len(failed)} of {len(outcomes)} clients differ")
        return 1
    for route in routes:
        heard = next(outcome.report["transcript"] for outcome in outcomes if outcome.client.route == route)
        print(f"\n{route}: {heard}")
    print(f"\ninterop: {len(outcomes)} clients, one transcript on each of {len(routes)} routes")
    return 0


def _environment(requirement: str | None) -> str:
    """The interpreter of an environment with that requirement; made the first time."""
    return environment(None if requirement is None else requirement.replace("==", "-"))


def _speech() -> str:
    """A real recording where there is one, else a text spoken once by the packaged voice."""
    if RECORDING.exists():
        return str(RECORDING)
    return _spoken("speech", TEXT)


def _spoken(name: str, text: str) -> str:
    """The path of a text spoken once by the packaged voice."""
    path = CACHE / f"{name}.wav"
    CACHE.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        from deepgram_anyio.local.engines import default_voice

        voice = default_voice()
        samples = b"".join(voice.synthesize(text))
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, voice.sample_rate, 0, "NONE", ""))
            file.writeframes(samples)
        voice.close()
    return str(path)


def _duration_s(path: str) -> float:
    with wave.open(path) as file:
        return float(file.getnframes() / file.getframerate())


@contextmanager
def _server(arguments: list[str]) -> Iterator[tuple[str, deque[str]]]:
    """Run the embedded server; gives its URL and its last lines."""
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    log: deque[str] = deque(maxlen=LAST_LINES)
    urls: queue.Queue[str | None] = queue.Queue()
    reader = threading.Thread(target=_read_log, args=(process, log, urls), daemon=True)
    reader.start()
    try:
        yield _await_url(urls, log), log
        process.terminate()
        process.wait(SERVER_STOP_S)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        reader.join()


def _read_log(process: subprocess.Popen[str], log: deque[str], urls: queue.Queue[str | None]) -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            log.append(line.rstrip())
            found = re.search(r"http://[\w.\[\]:]+:\d+", line)
            if found:
                urls.put(found[0])
    urls.put(None)


def _await_url(urls: queue.Queue[str | None], log: deque[str]) -> str:
    try:
        url = urls.get(timeout=SERVER_START_S)
    except queue.Empty:
        url = None
    if url is None:
        raise SystemExit("\n".join(["interop: the embedded server did not start; its last lines:", *log]))
    return url


def _run(client: Client, python: str, url: str, speech: str) -> Outcome:
    command = [python, "-m", f"tests.interop.clients.{client.program}", url, speech]
    started = time.monotonic()
    try:
        answer = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=CLIENT_S, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return Outcome(client, CLIENT_S, problems=[f"did not end within {CLIENT_S:.0f} s"])
    outcome = Outcome(client, time.monotonic() - started)
    try:
        outcome.report = json.loads(answer.stdout)
    except ValueError:
        last = (answer.stdout + answer.stderr).splitlines()[-LAST_LINES:]
        outcome.problems = [f"ended with code {answer.returncode} and without a report:", *last]
    return outcome


def _compare(outcomes: list[Outcome], duration_s: float) -> None:
    """Note what is wrong with each report, by itself and beside the first one."""
    request_ids = [outcome.report.get("request_id") for outcome in outcomes]
    expected = next((outcome.report["transcript"] for outcome in outcomes if outcome.report), "")
    for outcome in outcomes:
        if not outcome.report:
            continue
        report, problems = outcome.report, outcome.problems
        problems += [f"error: {error}" for error in report["errors"]]
        if not report["transcript"]:
            problems.append("heard nothing")
        elif report["transcript"] != expected:
            problems += [f"expected: {expected}", f"heard:    {report['transcript']}"]
        if abs((report["metadata_duration"] or 0.0) - duration_s) > 0.01:
            problems.append(f"was told of {report['metadata_duration']} s of audio, not {duration_s:.3f} s")
        if not report["request_id"] or request_ids.count(report["request_id"]) > 1:
            problems.append(f"has no request id of its own: {report['request_id']}")


def _print_table(outcomes: list[Outcome]) -> None:
    print(f"{'client':<30} {'route':<11} {'time':>7} {'results':>8} {'finals':>7} {'audio':>8}  outcome")
    for outcome in outcomes:
        report = outcome.report
        events = report.get("events", {})
        results = events.get("Results", 0) + events.get("TurnInfo", 0)
        audio = f"{report.get('metadata_duration') or 0:.2f} s"
        verdict = "differs" if outcome.problems else "same transcript"
        elapsed = f"{outcome.elapsed_s:.1f} s"
        finals = len(report.get("finals", []))
        client = f"{outcome.client.name:<30} {outcome.client.route:<11}"
        print(f"{client} {elapsed:>7} {results:>8} {finals:>7} {audio:>8}  {verdict}")


if __name__ == "__main__":
    sys.exit(main())
