"""How long an import takes in a fresh interpreter, less the interpreter's own start.

python -m benchmarks.programs.imports --python PATH --statement "import deepgram" [--count 10]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import time

__all__ = ["main"]


def _start_s(python: str, statement: str) -> float:
    began = time.perf_counter()
    subprocess.run([python, "-c", statement], check=True)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", required=True, help="the interpreter")
    parser.add_argument("--statement", required=True, help="what to run in it")
    parser.add_argument("--count", type=int, default=10, help="how often, in turn with nothing at all")
    options = parser.parse_args()
    _start_s(options.python, options.statement)  # writes what is compiled
    bare, whole = [], []
    for _ in range(options.count):
        bare.append(_start_s(options.python, "pass"))
        whole.append(_start_s(options.python, options.statement))
    took = statistics.median(whole) - statistics.median(bare)
    print(json.dumps({"count": options.count, "import_ms": 1000 * took, "bare_ms": 1000 * statistics.median(bare)}))


if __name__ == "__main__":
    main()
