"""How a client program for asyncio runs: its own hot loops, and the cases of `streams`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from . import wire
from .streams import CASES, Connect

__all__ = ["Case", "run_asyncio"]

Case = Callable[[Any], Awaitable[dict[str, Any]]]
"""Measures something; takes the options of the command line, and gives what `wire.report` takes."""


def run_asyncio(
    description: str | None,
    cases: Mapping[str, Case],
    connect: Callable[[str], Connect] | None,
    packages: Sequence[str],
) -> None:
    """Run the case that the command line names, and print the report.

    Args:
        description: the program's.
        cases: the client's own.
        connect: makes the function that opens a line, of the server's URL, for the cases of `streams`; or None.
        packages: whose versions to tell.
    """
    options = wire.parse(description)

    async def run() -> dict[str, Any]:
        if options.case in cases:
            return await cases[options.case](options)
        if connect is None or options.case not in CASES:
            raise wire.Failure(f"no such case: {options.case}")
        return await CASES[options.case](connect(options.url), options)

    if options.loop == "uvloop" and sys.platform != "win32":
        import uvloop

        uvloop.install()
    wire.report(**asyncio.run(run()), packages=packages)
