"""``serve``: the embedded server as a program."""

from __future__ import annotations

import textwrap
from typing import Annotated

import typer

from .output import Output
from .running import run_bare
from .settings import Settings, with_some_settings

__all__ = ["serve_command"]


@with_some_settings("json", "backend", "verbose")
def serve_command(
    settings: Settings,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", help="Port to listen on; 0 picks a free one.", min=0, max=65535)
    ] = 8080,
    api_key: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="A key to let in. Repeatable. Without one, everyone is let in."),
    ] = None,
    idle_timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="Silence after which a stream is closed.", min=0.1)
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
            help="Misbehave, to test a client. Repeatable. '--fault help' lists the names.",
        ),
    ] = None,
    page: Annotated[
        bool | None,
        typer.Option(
            "--page/--no-page",
            help="Show live connections and captions to a browser, at the URL. By default on loopback addresses only; "
            "elsewhere it needs --api-key.",
        ),
    ] = None,
) -> int:
    """Serve Deepgram's API on this machine, with a real recogniser, for development and tests.

    The URL is printed once connections are accepted. Ctrl-C stops it.

    Example: deepgram-anyio serve --port 8080

    Example: deepgram-anyio serve --fault close_code=1012 --fault close_after_s=5
    """
    output = Output(settings)
    if "help" in (fault or ()):
        print(_fault_list())
        return 0

    from .. import local

    faults = local.FaultOptions.from_texts(fault) if fault else None

    async def main() -> None:
        import anyio

        async with local.serve(
            host=host,
            port=port,
            api_keys=api_key or None,
            idle_timeout_s=idle_timeout,
            allow_private_urls=allow_private_urls,
            faults=faults,
            page=page,
        ) as server:
            if output.json:
                output.document({"url": server.url, "project_id": server.project_id, "page": server.page})
            else:
                output.print(f"Serving on {server.url} (Ctrl-C stops)")
                if server.page:
                    output.print("Open it in a browser to see live captions, and to try your microphone.")
            output.flush()
            await anyio.sleep_forever()

    return run_bare(settings, main)


def _fault_list() -> str:
    from ..local import FaultOptions

    explained = FaultOptions.explanations()
    indent = max(map(len, explained), default=0) + 2
    return "\n".join(
        textwrap.fill(f"{name:{indent}}{text}", width=79, subsequent_indent=" " * indent)
        for name, text in explained.items()
    )
