"""What the tests of documents and examples share: running their code, many pieces in one process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
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
    """Run code in one process, in a folder that has what it reads; return what each piece printed.

    Args:
        pieces: the code.
        backend: asyncio, uvloop or trio.
        folder: an empty one.
        said: the recording that is there; None for tones.
    """
    _furnish(folder, wav() if said is None else said)
    job = {"backend": backend, "pieces": [piece._asdict() for piece in pieces]}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(_RUNNER)],
        cwd=folder,
        input=json.dumps(job),
        capture_output=True,
        text=True,
        timeout=100,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(_FAKES)]),
            "FAKE_MICROPHONE_WAV": "speech.wav",
            "FAKE_SPEAKER_WAV": "heard.wav",
            "FAKE_SPEED": "2",
        },
        check=False,
    )
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    failures = [outcome["failure"] for outcome in outcomes if outcome["failure"]]
    assert not failures, "\n".join(failures)
    assert done.stderr == ""
    return [outcome["printed"] for outcome in outcomes]


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
