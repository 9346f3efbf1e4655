"""The blocking facade beside deepgram-sdk 4.8.1: CPU time of the client for a frame sent and for an event received.

    python benchmarks/facade.py [--rounds N] [--json]

Both run the same program (`programs/v4_client.py`) against the same neutral server, in turn, round after round; medians
are compared. A run counts only when all frames arrived, or all events with the right text.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(__file__).parent / "programs"
PEER = ROOT / ".cache" / "interop" / "deepgram-sdk-4.8.1" / "bin" / "python"
FRAMES = 40_000
WARM_UP = 2_000
FRAME_BYTES = 640
EVENTS = 4_000
WARM_UP_EVENTS = 200
WORDS = ("four", "score", "and", "seven")


def results_message() -> bytes:
    """Return a final result of four words, as the live API writes it."""
    words = [
        {
            "word": word,
            "start": 0.32 * index,
            "end": 0.32 * index + 0.3,
            "confidence": 0.99853515,
            "punctuated_word": word.capitalize(),
        }
        for index, word in enumerate(WORDS)
    ]
    message = {
        "type": "Results",
        "channel_index": [0, 1],
        "duration": 1.28,
        "start": 0.0,
        "is_final": True,
        "speech_final": True,
        "channel": {"alternatives": [{"transcript": "Four Score And Seven", "confidence": 0.99902344, "words": words}]},
        "metadata": {
            "request_id": "6b3f1c52-54a7-4f63-9f7e-9d0b7c1f2a34",
            "model_info": {"name": "general-nova-3", "version": "2024-12-20.0", "arch": "nova-3"},
            "model_uuid": "3b3aabe4-608a-46ac-9585-7960a25daf1a",
        },
        "from_finalize": False,
    }
    return json.dumps(message).encode()


@contextmanager
def server(*arguments: str) -> Iterator[int]:
    """Run the neutral server; give its port."""
    with tempfile.TemporaryDirectory() as folder:
        port = Path(folder) / "port"
        command = [sys.executable, str(PROGRAMS / "socket_server.py"), str(port), *arguments]
        with subprocess.Popen(command) as process:
            try:
                deadline = time.monotonic() + 20
                while not (port.exists() and port.read_text()):
                    assert process.poll() is None
                    assert time.monotonic() < deadline, "the server did not start"
                    time.sleep(0.01)
                yield int(port.read_text())
            finally:
                process.kill()


def measure(python: Path | str, package: str, what: str, port: int, count: int) -> float:
    """Run the program once; return microseconds of CPU time for one frame or event, after checking its result."""
    command = [str(python), str(PROGRAMS / "v4_client.py"), package, what, str(port), str(count)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)} if package != "deepgram" else None
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)
    if done.returncode:
        raise SystemExit(f"{package} {what}: {done.stderr[-2000:]}")
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if what == "send":
        assert report["duration"] == (count + WARM_UP) * FRAME_BYTES, report
    else:
        assert report["events"] == count, report
        assert report["last"] == ["Four Score And Seven"], report
        count -= WARM_UP_EVENTS
    return 1e6 * float(report["cpu_s"]) / count


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the measurement; return 1 when a promise is not kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    options = parser.parse_args(arguments)
    if not PEER.exists():
        print("deepgram-sdk 4.8.1 is not there: run make interop once")
        return 2
    clients: dict[str, Path | str] = {"deepgram": PEER, "deepgram_anyio.sync": sys.executable}
    figures: dict[str, dict[str, list[float]]] = {name: {"send": [], "receive": []} for name in clients}
    with tempfile.NamedTemporaryFile() as message:
        message.write(results_message())
        message.flush()
        with server() as drop, server(str(EVENTS), message.name) as flood:
            for _ in range(options.rounds):
                for name, python in clients.items():
                    figures[name]["send"].append(measure(python, name, "send", drop, FRAMES))
                    figures[name]["receive"].append(measure(python, name, "receive", flood, EVENTS))
    medians = {name: {what: statistics.median(found) for what, found in of.items()} for name, of in figures.items()}
    ours, theirs = medians["deepgram_anyio.sync"], medians["deepgram"]
    ratios = {"send": theirs["send"] / ours["send"], "receive": theirs["receive"] / ours["receive"]}
    if options.json:
        machine = f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
        print(json.dumps({"us": figures, "medians_us": medians, "ratios": ratios, "machine": machine}))
    else:
        for what in ("send", "receive"):
            print(f"{what:8} 4.8.1 {theirs[what]:8.1f} us   facade {ours[what]:7.1f} us   ratio {ratios[what]:5.1f}")
    return 0 if ratios["send"] >= 1 and ratios["receive"] >= 20 else 1


if __name__ == "__main__":
    sys.exit(main())
