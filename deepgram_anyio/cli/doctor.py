"""``doctor``: what works on this machine, and what to do about the rest."""

from __future__ import annotations

from collections.abc import Callable

from .. import ConfigError
from .checks import Check, check_engines, check_extras, check_packages, check_python, check_sound
from .failures import EXIT_FAILED
from .network_checks import Target, check_credentials, check_key, check_network, check_websocket
from .output import Output
from .running import make_client, run_bare, server_url
from .settings import Settings, with_settings

__all__ = ["doctor_command"]

_NAME_WIDTH = 9
_COLOURS = {"ok": "green", "warning": "yellow", "failed": "bold red"}


@with_settings
def doctor_command(settings: Settings) -> int:
    """Check this machine, the network and the key, and say what to do about what does not work.

    A warning is about what not everybody needs, such as sound. The exit code is 1 when something failed.

    Example: deepgram-anyio doctor

    Example: deepgram-anyio doctor --local
    """
    output = Output(settings)

    found: list[Check] = []

    def report(check: Check) -> None:
        found.append(check)
        if not output.json:
            _print_check(output, check)

    async def main() -> int:
        for check in (check_python(), check_packages(), check_extras(local=settings.local)):
            report(check)
        await (_examine_local if settings.local else _examine_remote)(settings, report)
        report(check_sound())
        failed = sum(check.status == "failed" for check in found)
        if output.json:
            output.document({"ok": not failed, "checks": [check._asdict() for check in found]})
        else:
            output.print(_verdict(failed, sum(check.status == "warning" for check in found)))
        return EXIT_FAILED if failed else 0

    return run_bare(settings, main)


async def _examine_local(settings: Settings, report: Callable[[Check], None]) -> None:
    try:
        async with make_client(settings) as dg:
            report(Check("Server", "ok", f"the embedded server runs on {dg.base_url}"))
            report(await check_websocket(dg))
            report(await check_engines(dg))
    except ConfigError as error:
        report(Check("Server", "failed", str(error), "without it, --local does not work"))


async def _examine_remote(settings: Settings, report: Callable[[Check], None]) -> None:
    try:
        target = Target.of(server_url(settings))
    except ConfigError as error:
        report(Check("Settings", "failed", str(error), "correct the options, or the environment"))
        return
    report(key := check_credentials(settings, target))
    # The way to the server is worth a look without a key, too.
    if await check_network(target, report) and key.status != "failed":
        async with make_client(settings) as dg:
            report(await check_key(dg))
            report(await check_websocket(dg))


def _print_check(output: Output, check: Check) -> None:
    if not output.is_terminal:
        advice = f": {check.advice}" if check.advice is not None else ""
        print(f"{check.status:7}  {check.name:{_NAME_WIDTH}}  {check.message}{advice}")
        return
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=7)
    grid.add_column(width=_NAME_WIDTH)
    grid.add_column(overflow="fold")
    grid.add_row(Text(check.status, style=_COLOURS[check.status]), check.name, check.message)
    if check.advice is not None:
        grid.add_row("", "", Text(f"what to do: {check.advice}", style="bold"))
    output.console.print(grid)


def _verdict(failed: int, warnings: int) -> str:
    noted = f" ({warnings} warning{'s' if warnings != 1 else ''})" if warnings else ""
    if not failed:
        return f"All is well{noted}."
    return f"{failed} check{'s' if failed != 1 else ''} failed{noted}."
