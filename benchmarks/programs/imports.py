"""How long an import takes in a fresh interpreter, less the interpreter's own start.

python -m benchmarks.programs.imports "import deepgram" [--count 10]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from . import wire

__all__ = ["main"]


def _start_s(statement: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - began


def main() -> None:
    options = wire.parse(__doc__)
    _start_s(options.case)  # writes what is compiled
    bare, whole = [], []
    for _ in range(options.count):  # in turn, so that both see the same machine
        bare.append(_start_s("pass"))
        whole.append(_start_s(options.case))
    took = statistics.median(whole) - statistics.median(bare)
    wire.report(options.count, None, (), import_ms=1000 * took)


if __name__ == "__main__":
    main()
