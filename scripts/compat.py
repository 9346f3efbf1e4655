"""Run the tests of the core on every supported Python, with the lowest and the newest versions of what it depends on.

    python scripts/compat.py [CELL ...] [--write]

A cell is a Python and a choice of versions, such as 3.10-lowest; a part of it stands for all cells that have it (3.12,
bare). The choices:

- lowest: the lowest versions that pyproject.toml allows, of the core's dependencies and of all extras that tests need;
- newest: the newest versions that the index has;
- bare: the newest core alone without any extra, on asyncio only.

`--write` puts the outcome into docs/compatibility.md, one row for each cell; rows of other cells stay as they are.
"""

from __future__ import annotations

import argparse
import datetime
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from compat_environment import ROOT, EnvironmentFailedError, Fresh, find_python

__all__ = ["CELLS", "Cell", "Outcome", "choose", "main", "written"]

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
CHOICES = ("lowest", "newest", "bare")
PAGE = ROOT / "docs" / "compatibility.md"
BEGIN, END = "<!-- runs: begin -->\n", "<!-- runs: end -->\n"
HEAD = "| cell | Python | versions | outcome | day |\n|---|---|---|---|---|\n"

CORE = ("anyio", "httpx", "msgspec", "wsproto")
LOOPS = ("trio", "uvloop")
EXTRAS = ("captions", "local", "otel", "socks", "sync", "trio", "uvloop")
TOOLS = ("hypothesis", "pytest", "pytest-anyio", "pytest-timeout", "pytest-xdist", "pyyaml", "trustme")
MORE_TOOLS = ("pproxy", "proxy.py", "schemathesis; python_version >= '3.11'")
TESTS = ("tests/protocol", "tests/transport", "tests/rest", "tests/network", "tests/sync")
UNITS = ("tests/test_config.py", "tests/test_errors.py")
TESTS_WITHOUT_EXTRAS = ("tests/protocol", "tests/transport", "tests/rest", *UNITS)
NEED_EXTRAS = (
    "tests/protocol/rest/test_captions.py",
    "tests/rest/test_round_trip.py",
    "tests/rest/test_specification.py",
    "tests/transport/test_clock.py",
    "tests/transport/test_session_time.py",
)
PYTEST = ("python", "-m", "pytest", "-q", "--numprocesses", "2", "--dist", "loadfile", "-m", "not speech")


class Cell(NamedTuple):
    """A Python, as "3.10", and one of the choices of versions."""

    python: str
    choice: str

    @property
    def name(self) -> str:
        """How it is called, such as 3.10-lowest."""
        return f"{self.python}-{self.choice}"


class Outcome(NamedTuple):
    """What came out in one cell: the exact Python, the versions that were tested, and pytest's closing line."""

    cell: Cell
    passed: bool
    python: str
    versions: str
    said: str

    def row(self, day: datetime.date) -> str:
        """Return its row of the page's table."""
        return f"| {self.cell.name} | {self.python} | {self.versions} | {self.said} | {day.isoformat()} |\n"


CELLS = [Cell(python, choice) for python in PYTHONS for choice in CHOICES]


def choose(names: Iterable[str]) -> list[Cell]:
    """Return the cells that any of the names stands for, all when there is none.

    Raises:
        EnvironmentFailedError: a name stands for nothing.
    """
    chosen = []
    for name in names:
        found = [cell for cell in CELLS if name in {cell.name, cell.python, cell.choice}]
        if not found:
            known = ", ".join(cell.name for cell in CELLS)
            raise EnvironmentFailedError(f"{name} is none of {known}, nor a part of one")
        chosen += found
    return [cell for cell in CELLS if cell in chosen] if chosen else CELLS


def tried(cell: Cell, folder: Path) -> Outcome:
    """Run one cell, in an environment of its own below the folder; the whole output is in a log beside it.

    Raises:
        EnvironmentFailedError: the environment cannot be made.
    """
    environment = Fresh(folder / cell.name, find_python(cell.python))
    fill(environment, cell)
    bare = cell.choice == "bare"
    command = [*PYTEST, *(TESTS_WITHOUT_EXTRAS if bare else TESTS)]
    if bare:
        command += ["-k", "not trio and not uvloop", *(f"--ignore={path}" for path in NEED_EXTRAS)]
    log = folder / f"{cell.name}.log"
    done = environment.run(*command, cwd=ROOT, log=log)
    exact = environment.run("python", "-c", "import platform; print(platform.python_version())", cwd=ROOT)
    installed = environment.versions()
    versions = ", ".join(f"{name} {installed[name]}" for name in CORE + LOOPS if name in installed)
    said = (re.findall(r"^=* ?(\d+ (?:passed|failed|error).*?)(?: in .*)?$", log.read_text(), re.MULTILINE) or [""])[-1]
    return Outcome(cell, done.returncode == 0, exact.stdout.strip(), versions, said or f"no test ran: see {log.name}")


def fill(environment: Fresh, cell: Cell) -> None:
    """Install what the cell stands for, then the tools, which must not change it.

    Raises:
        EnvironmentFailedError: it cannot be installed, or the tools ask for other versions.
    """
    if cell.choice == "bare":
        environment.install("--editable", str(ROOT))
    else:
        resolution = "lowest-direct" if cell.choice == "lowest" else "highest"
        # Where old versions have no wheel, the lowest one that has a wheel stands for them.
        binary = ["--only-binary", ":all:", "--no-binary", "deepgram-anyio", "--no-binary", "deepgram-anyio-extras"]
        project = f"{ROOT}[{','.join(EXTRAS)}]"
        environment.install("--editable", project, "--resolution", resolution, *binary)
    before = environment.versions()
    environment.install(*TOOLS, *(() if cell.choice == "bare" else MORE_TOOLS))
    after = environment.versions()
    changed = {name: after.get(name) for name in before if before[name] != after.get(name)}
    if changed:
        raise EnvironmentFailedError(f"{cell.name}: the test tools changed {changed}")


def written(page: str, outcomes: Iterable[Outcome], day: datetime.date) -> str:
    """Return the page with the rows of these outcomes in place of older ones, in the order of the cells."""
    before, _, rest = page.partition(BEGIN)
    table, _, after = rest.partition(END)
    rows = {line.split("|")[1].strip(): f"{line}\n" for line in table.splitlines()[2:]}
    rows |= {outcome.cell.name: outcome.row(day) for outcome in outcomes}
    kept = "".join(rows[cell.name] for cell in CELLS if cell.name in rows)
    return f"{before}{BEGIN}{HEAD}{kept}{END}{after}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("cells", nargs="*", metavar="CELL", help="such as 3.10-lowest, 3.12 or bare (default: all)")
    parser.add_argument("--folder", type=Path, default=ROOT / ".cache" / "compat", help="for environments and logs")
    parser.add_argument("--write", action="store_true", help=f"write the outcome into {PAGE.name}")
    options = parser.parse_args(arguments)
    folder: Path = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    failed = False
    try:
        for cell in choose(options.cells):
            outcome = tried(cell, folder)
            failed = failed or not outcome.passed
            sys.stdout.write(f"{cell.name:12} {'passed' if outcome.passed else 'FAILED'}  {outcome.said}\n")
            sys.stdout.flush()
            if options.write:
                page = written(PAGE.read_text("utf-8"), [outcome], datetime.datetime.now(datetime.timezone.utc).date())
                PAGE.write_text(page, "utf-8")
    except EnvironmentFailedError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
