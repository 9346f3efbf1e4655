"""What a run found, as Markdown for the page and as JSON."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deepgram_anyio._version import __version__

from .cases import CASES, Case, Client, Column
from .figures import Figures
from .measuring import OWN
from .promises import Promise

__all__ = ["BEGIN", "END", "case_table", "document", "machine", "markdown", "promise_table", "written"]

BEGIN = "<!-- figures: begin -->"
END = "<!-- figures: end -->"
_SHOWN = (
    *("deepgram-sdk", "websockets", "pydantic", "aiohttp", "picows", "msgspec"),
    *("anyio", "wsproto", "httpx", "httpcore", "uvloop", "trio"),
)
_VERDICTS = {True: "yes", False: "**no**", None: ""}


def machine() -> dict[str, str]:
    """Return what the figures depend on: processor, system, interpreter, and what else was going on."""
    return {
        "processor": f"{_processor()}, {os.cpu_count()} CPUs",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def _processor() -> str:
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def document(
    figures: Figures,
    promises: Sequence[Promise],
    where: Mapping[str, str],
    versions: Mapping[str, Mapping[str, str]],
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Return everything as plain dicts and lists, for JSON."""
    return {
        "options": dict(options),
        "machine": dict(where),
        "versions": {name: dict(found) for name, found in versions.items()},
        "cases": figures.to_dict(),
        "promises": [{"text": promise.text, "reached": promise.reached, "kept": promise.kept} for promise in promises],
    }


def markdown(
    figures: Figures,
    promises: Sequence[Promise],
    where: Mapping[str, str],
    versions: Mapping[str, Mapping[str, str]],
    rounds: int,
) -> str:
    """Return the part of the page that a run writes."""
    lines = [
        f"{where['processor']}; {where['system']}; {where['python']}; load before the run {where['load before']}.",
        f"Medians of {rounds} rounds; the spread is the least and the most of them.",
        "",
        "### The promises",
        "",
        *promise_table(promises),
    ]
    for name, case in CASES.items():
        if figures.measured(name):
            lines += ["", f"### {case.title}", "", *case_table(case, figures)]
    lines += ["", "### Versions", "", "| environment | packages |", "|---|---|"]
    for environment, found in sorted(versions.items()):
        called = f"{environment} {__version__}" if environment == OWN else environment
        if shown := ", ".join(f"{name} {found[name]}" for name in _SHOWN if name in found):
            lines.append(f"| {called} | {shown} |")
    return "\n".join(lines)


def promise_table(promises: Sequence[Promise]) -> list[str]:
    """Return the promises as the lines of a table."""
    lines = ["| promise | reached | kept |", "|---|---|---|"]
    for promise in promises:
        verdict = "not measured" if promise.reached is None else _VERDICTS[promise.kept]
        lines.append(f"| {promise.text} | {promise.reached or ''} | {verdict} |")
    return lines


def case_table(case: Case, figures: Figures) -> list[str]:
    """Return a case as the lines of a table, a line for each client."""
    main, *others = case.columns
    heads = ["client", main.heading, "spread", *(column.heading for column in others)]
    lines = [f"| {' | '.join(heads)} |", "|---" + "|---:" * (len(heads) - 1) + "|"]
    for client in case.clients:
        first = [client.name, _cell(case, client, main, figures), _spread(case, client, figures)]
        cells = [*first, *(_cell(case, client, column, figures) for column in others)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _cell(case: Case, client: Client, column: Column, figures: Figures) -> str:
    median = figures.median(case.name, client.key, column.key)
    return "" if median is None else f"{median:,.{column.decimals}f}"


def _spread(case: Case, client: Client, figures: Figures) -> str:
    main = case.columns[0]
    found = figures.spread(case.name, client.key, main.key)
    return "" if found is None else f"{found[0]:,.{main.decimals}f} – {found[1]:,.{main.decimals}f}"  # noqa: RUF001


def written(page: str, figures: str) -> str:
    """Return a page with its figures replaced.

    Raises:
        ValueError: the page has no place for them.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{figures}\n{END}{after}"
