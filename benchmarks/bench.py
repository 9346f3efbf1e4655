"""The benchmarks: this project's client beside others, against a neutral server; see docs/benchmarks.md.

    python benchmarks/bench.py [--rounds 5] [--only NAME...] [--quick] [--json FILE] [--write]

Ends with 1 when a promise is not kept (but for a quick run, which proves nothing), and with 2 when a run failed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.cases import CASES
from benchmarks.environments import ROOT, environment
from benchmarks.measuring import BenchError, Runner, runner
from benchmarks.promises import promises
from benchmarks.report import document, machine, markdown, promise_table, written

__all__ = ["main"]

PAGE = ROOT / "docs" / "benchmarks.md"
PICTURE = ROOT / "docs" / "benchmarks.svg"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, help="of all clients of a case, in turn; 5, and 1 of a quick run")
    parser.add_argument("--only", nargs="+", choices=CASES, metavar="NAME", help=f"of {', '.join(CASES)}")
    parser.add_argument("--quick", action="store_true", help="measure less, to see whether everything works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was found there")
    parser.add_argument("--write", action="store_true", help="write the tables and the picture into docs/")
    options = parser.parse_args(arguments)
    if options.write and (options.only or options.quick):
        parser.error("--write is for a whole run")
    options.rounds = options.rounds or (1 if options.quick else 5)
    return options


def _measure(options: argparse.Namespace) -> Runner:
    cases = [case for name, case in CASES.items() if not options.only or name in options.only]
    for name in sorted({client.environment for case in cases for client in case.clients if client.environment}):
        environment(name)  # before anything is measured
    with runner(quick=options.quick) as bench:
        for case in cases:
            bench.run(case, options.rounds, lambda line: print(line, flush=True))
    return bench


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(arguments)
    where, began = machine(), time.monotonic()
    try:
        bench = _measure(options)
    except (BenchError, subprocess.CalledProcessError) as error:
        print(f"\nbench: failed\n{error}", file=sys.stderr)
        return 2
    judged = promises(bench.figures)
    page = markdown(bench.figures, judged, where, bench.versions, options.rounds)
    if options.write:
        from benchmarks.plot import draw

        PAGE.write_text(written(PAGE.read_text("utf-8"), page), "utf-8")
        draw(bench.figures, PICTURE)
    if options.json:
        settings = {"rounds": options.rounds, "quick": options.quick, "only": options.only}
        found = document(bench.figures, judged, where, bench.versions, settings)
        options.json.write_text(json.dumps(found, indent=1), "utf-8")
    print(f"\n{page}\n")
    broken = [promise for promise in judged if promise.kept is False]
    if broken:
        print(*promise_table(broken), sep="\n")
    kept = sum(promise.kept is True for promise in judged)
    print(f"bench: {kept} promises kept, {len(broken)} not, in {time.monotonic() - began:.0f} s")
    return 1 if broken and not options.quick else 0


if __name__ == "__main__":
    sys.exit(main())
