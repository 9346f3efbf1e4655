"""The README's first screen: its order, its length, and figures that are those of the documents."""

from __future__ import annotations

import re

import pytest

from .documents import ROOT

README = (ROOT / "README.md").read_text("utf-8")
BENCHMARKS = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
SOAK = (ROOT / "docs" / "soak.md").read_text("utf-8")
MAX_LINES = 50
TLS_STREAMS = "300 streams in real time, frames of 20 ms, an event for every tenth, over TLS"


def sections(text: str, level: int) -> dict[str, str]:
    parts = re.split(rf"^{'#' * level} (.*)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(table: str) -> dict[str, list[str]]:
    """A table's rows, by their first cells."""
    cells = [re.split(r"\s*\|\s*", line.strip("| ")) for line in table.splitlines() if line.startswith("|")]
    return {row[0]: row[1:] for row in cells if len(row) > 1}


def measured(section: str, column: int) -> tuple[str, str]:
    """A figure of this client on asyncio, and that of deepgram-sdk 7.16.0."""
    found = rows(sections(BENCHMARKS, 3)[section])
    return found["deepgram_anyio, asyncio"][column], found["deepgram-sdk 7.16.0, asyncio"][column]


def whys() -> list[str]:
    lines = sections(README, 2)["Why"].strip().splitlines()
    return [line.removeprefix("- ") for line in lines]


def figures(text: str) -> list[str]:
    """The numbers in a line, without those of versions and links."""
    return re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\d)", re.sub(r"\(\[.*\)|\d+\.\d+\.\d+", "", text))


def test_there_are_three_reasons_each_with_the_command_that_measures_it() -> None:
    reasons = whys()
    assert [reason.partition(":")[0] for reason in reasons] == ["CPU", "Memory", "Repair"]
    links = [re.findall(r"\(\[`(make \w+)`\]\((docs/\w+\.md)#[\w-]+\)\)\.$", reason) for reason in reasons]
    bench, soak = ("make bench", "docs/benchmarks.md"), ("make soak", "docs/soak.md")
    assert links == [[bench], [bench], [soak]]


def test_the_cost_of_an_event_is_what_was_measured() -> None:
    own, v7 = measured("Down: a typed event", 0)
    v4 = rows(sections(BENCHMARKS, 3)["Down: a typed event"])["deepgram-sdk 4.8.1, asyncio"][0]
    assert figures(whys()[0]) == [own, v7, v4]


def test_the_memory_of_a_stream_is_what_was_measured() -> None:
    assert figures(whys()[1]) == list(measured(TLS_STREAMS, -1))


def test_the_repairs_are_what_was_counted() -> None:
    found = {name: cells[0] for name, cells in rows(SOAK).items()}
    streams, reconnections = found["streams"].partition(",")[0], found["reconnections"].partition(";")[0]
    differing = re.match(r"(\d+) of (\d+) ", found["words that differ from the uncut stream"])
    assert differing is not None
    assert figures(whys()[2]) == [streams, reconnections, *differing.groups()]
    assert (found["problems"], found["leaks"]) == ("0", "none")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("4.0 µs, with 7.16.0 80.5, with 4.8.1 823.5 ([x](y#300-z)).", ["4.0", "80.5", "823.5"]),
        ("0 of 12.", ["0", "12"]),
    ],
)
def test_figures_are_found(line: str, expected: list[str]) -> None:
    assert figures(line) == expected


def test_the_first_screen_has_everything_in_order() -> None:
    screen = "\n".join(README.splitlines()[:MAX_LINES])
    marks = ["# deepgram_anyio", "## Why", "$ make demo\n$ make test\n", "import anyio", "](docs/images/terminal.svg)"]
    places = [screen.find(mark) for mark in marks]
    assert -1 not in places
    assert places == sorted(places)


def test_the_ten_lines_are_ten() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", sections(README, 2)["Ten lines"], re.DOTALL)
    assert len([line for line in program.splitlines() if line]) == 10
