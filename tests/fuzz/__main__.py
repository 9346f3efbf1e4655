"""Run a harness under atheris, which looks for inputs that reach new code: ``python -m tests.fuzz framing``.

More arguments go to libFuzzer (``-max_total_time=60``, ``-runs=100000``). Inputs that reached new code are kept in
``.cache/fuzz``. It stops at the first input that breaks a promise, and writes it to a file; ``python -m tests.fuzz
framing FILE`` runs it again.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import atheris

HARNESSES = ("framing", "handshake", "codec", "wav")


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in HARNESSES:
        sys.exit(f"usage: python -m tests.fuzz {{{','.join(HARNESSES)}}} [arguments of libFuzzer]")
    name = sys.argv.pop(1)
    with atheris.instrument_imports(include=["deepgram_anyio", "h11", "wsproto"]):
        harness = importlib.import_module(f"tests.fuzz.fuzz_{name}")
    atheris.Setup([*sys.argv, *_corpus(name, harness.SEEDS)], harness.check)
    atheris.Fuzz()  # it ends the process


def _corpus(name: str, seeds: list[bytes]) -> list[str]:
    if any(Path(argument).is_file() for argument in sys.argv[1:]):
        return []
    folder = Path(__file__).parent.parent.parent / ".cache" / "fuzz" / name
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (folder / f"seed-{number}").write_bytes(seed)
    return [str(folder)]


if __name__ == "__main__":
    main()
