"""The counting server as a process, and recordings that it can tell apart."""

from __future__ import annotations

import math
import subprocess
import sys
from array import array
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs

from deepgram_anyio.protocol.wav import wav_header

__all__ = ["Counted", "counting_server", "write_tones"]

ROOT = Path(__file__).parent.parent.parent
RATE = 16_000


class Counted:
    """The running server.

    Attributes:
        url: where it is.
    """

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log
        self.url = self._read()

    def hold(self, after: int = 0) -> None:
        """Let it give so many more answers, and no others until `let_go`."""
        self._tell(f"hold {after}")

    def let_go(self) -> None:
        """Let it give all answers."""
        self._tell("go")

    def wait_for(self, number: int) -> None:
        """Wait until so many have come, from the beginning."""
        self._tell(f"taken {number}")

    def taken(self) -> Counter[str]:
        """How often each recording came."""
        return Counter(line[1] for line in self._lines())

    def queries(self) -> list[dict[str, list[str]]]:
        """With which parameters they came, in their order."""
        return [parse_qs(line[2]) for line in self._lines()]

    def _lines(self) -> list[list[str]]:
        return [line.split(" ") for line in self._log.read_text().splitlines()]

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        assert self._read() == "ok"

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def counting_server(log: Path, *, key: str | None = None) -> Iterator[Counted]:
    """Run the server; with a key, it lets in nobody else."""
    command = [sys.executable, "-m", "tests.bulk.counting_server", str(log), *([key] if key else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield Counted(process, log)
        finally:
            process.kill()


def write_tones(folder: Path, number: int, *, start: int = 0, length_s: float = 0.5, volume: int = 8000) -> None:
    """Make recordings that differ: ``000.wav`` and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    period = RATE // 100
    for index in range(start, start + number):
        wave = [round(volume * math.sin(2 * math.pi * (2 + index % 40) * step / period)) for step in range(period)]
        samples = array("h", wave).tobytes() * round(length_s * 100)
        if volume:
            samples += array("h", [index]).tobytes()
        header = wav_header(sample_rate=RATE, channels=1, data_bytes=len(samples), encoding="linear16")
        (folder / f"{index:03}.wav").write_bytes(header + samples)
