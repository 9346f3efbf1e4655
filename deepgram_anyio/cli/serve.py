"""``serve``: the embedded server as a program."""

from __future__ import annotations

import logging
import signal
import textwrap
from typing import Annotated

import anyio
import typer

__all__ = ["serve_command"]


def serve_command(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.", min=0, max=65535)] = 8080,
    api_key: Annotated[
        list[str] | None, typer.Option(help="A key to let in; repeat it for more. Without one, everyone is let in.")
    ] = None,
    idle_timeout: Annotated[
        float, typer.Option(help="Seconds of silence after which a stream is closed.", min=0.1)
    ] = 10.0,
    allow_private_urls: Annotated[
        bool,
        typer.Option(
            "--allow-private-urls", help="Fetch recordings from, and call back to, this machine and its network."
        ),
    ] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Misbehave, to test a client; repeat it for more. '--fault help' lists the names.",
        ),
    ] = None,
    backend: Annotated[str, typer.Option(help="Event loop: asyncio or trio.")] = "asyncio",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log each stream's beginning and end.")] = False,
) -> None:
    """Serve Deepgram's API on this machine, with a real recogniser, for development and tests.

    The URL is printed once connections are accepted. Ctrl-C stops it.

    Example: deepgram-anyio serve --port 8080

    Example: deepgram-anyio serve --fault close_code=1012 --fault close_after_s=5
    """
    if "help" in (fault or ()):
        typer.echo(_fault_list())
        raise typer.Exit
    if backend not in ("asyncio", "trio"):
        raise typer.BadParameter("must be asyncio or trio", param_hint="--backend")
    if verbose:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")

    from .. import local

    faults = local.FaultOptions.from_texts(fault) if fault else None

    async def main() -> int:
        async with local.serve(
            host=host,
            port=port,
            api_keys=api_key or None,
            idle_timeout_s=idle_timeout,
            allow_private_urls=allow_private_urls,
            faults=faults,
        ) as server:
            typer.echo(f"Serving on {server.url} (Ctrl-C stops)")
            return 128 + await _stop_signal()

    raise typer.Exit(anyio.run(main, backend=backend))


def _fault_list() -> str:
    from ..local import FaultOptions

    explained = FaultOptions.explanations()
    indent = max(map(len, explained), default=0) + 2
    return "\n".join(
        textwrap.fill(f"{name:{indent}}{text}", width=79, subsequent_indent=" " * indent)
        for name, text in explained.items()
    )


async def _stop_signal() -> int:
    """Wait for Ctrl-C or the request to terminate, and return which it was."""
    try:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for number in signals:
                return int(number)
    except NotImplementedError:  # Windows: Ctrl-C arrives as KeyboardInterrupt
        await anyio.sleep_forever()
    raise AssertionError("the signals ended")
