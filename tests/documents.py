"""What the tests of documents and examples share: running their code, many pieces in one process."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import trustme

from deepgram_anyio.local.engines.scripted import ToneVoice
from deepgram_anyio.protocol.wav import wav_header

__all__ = ["BACKENDS", "ROOT", "Piece", "run_pieces", "wav"]

ROOT = Path(__file__).parent.parent
# How a document's program is run on each event loop.
BACKENDS = {
    "asyncio": "anyio.run(main)",
    "uvloop": 'anyio.run(main, backend_options={"use_uvloop": True})',
    "trio": 'anyio.run(main, backend="trio")',
}
_RUNNER = Path(__file__).with_name("block_runner.py")
_FAKES = ROOT / "tests" / "audio" / "fakes"  # sound devices that are played


class Piece(NamedTuple):
    """A piece of code: where it is from, how many lines stand above it, its text, and the arguments of the program."""

    document: str
    line: int
    code: str
    arguments: tuple[str, ...] = ()

    @property
    def uses_event_loop(self) -> bool:
        return "await" in self.code or "async" in self.code


def wav() -> bytes:
    """Return a recording of three tones."""
    samples = b"".join(ToneVoice().synthesize("Hm hm hm."))
    return wav_header(data_bytes=len(samples), sample_rate=16000) + samples


def run_pieces(pieces: Sequence[Piece], backend: str, folder: Path, *, said: bytes | None = None) -> list[str]:
    """Run code in a process of its own, in a folder that has what it reads; return what each piece printed.

    Args:
        pieces: the code.
        backend: asyncio, uvloop or trio.
        folder: an empty one.
        said: the recording that is there; None for tones.
    """
    _furnish(folder, wav() if said is None else said)
    runner = _runner()
    assert runner.stdin is not None
    assert runner.stdout is not None
    job = {"folder": str(folder), "backend": backend, "pieces": [piece._asdict() for piece in pieces]}
    runner.stdin.write(json.dumps(job) + "\n")
    runner.stdin.flush()
    done = json.loads(runner.stdout.readline())
    assert done["code"] == 0, f"exit code {done['code']}: {done['errors']}"
    outcomes = json.loads(done["output"])
    failures = [outcome["failure"] for outcome in outcomes if outcome["failure"]]
    assert not failures, "\n".join(failures)
    assert done["errors"] == "", done["errors"]
    return [outcome["printed"] for outcome in outcomes]


@cache
def _runner() -> subprocess.Popen[str]:
    """Start what forks a process for each job: one for all tests of this process."""
    environment = {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(_FAKES)]),
        "FAKE_MICROPHONE_WAV": "speech.wav",
        "FAKE_SPEAKER_WAV": "heard.wav",
        "FAKE_SPEED": "2",
    }
    runner = subprocess.Popen(
        [sys.executable, "-W", "error", str(_RUNNER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    atexit.register(runner.communicate)  # ends it, with its input
    return runner


def _furnish(folder: Path, said: bytes) -> None:
    """Put what the code reads into a folder: recordings, and certificates."""
    (folder / "calls").mkdir()
    for name in ("speech.wav", "calls/monday.wav"):
        (folder / name).write_bytes(said)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "company-ca.pem")
    client = authority.issue_cert("client@example.com")
    client.private_key_pem.write_to_path(folder / "client-key.pem")
    client.cert_chain_pems[0].write_to_path(folder / "client.pem")
