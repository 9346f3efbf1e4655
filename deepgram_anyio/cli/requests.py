"""``requests``: what a project asked for, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .choices import ProjectOption, choose_project, parse_time
from .output import Column, Output
from .running import run_async
from .settings import Settings, group, with_settings

if TYPE_CHECKING:
    from ..client import DeepgramClient
    from ..protocol.rest.usage import RequestInfo

__all__ = ["get_request", "list_requests", "requests_app"]

requests_app: typer.Typer = group("requests", "List the requests that a project made, or show one.")

_FILTERS = "Filters"


@requests_app.command("list")
@with_settings
def list_requests(
    settings: Settings,
    project: ProjectOption = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="At most so many, the latest first.")] = 20,
    start: Annotated[
        str | None, typer.Option(metavar="TIME", help="Not before: 2026-01-31T12:00:00Z.", rich_help_panel=_FILTERS)
    ] = None,
    end: Annotated[str | None, typer.Option(metavar="TIME", help="Not after.", rich_help_panel=_FILTERS)] = None,
    status: Annotated[
        str | None, typer.Option(metavar="STATUS", help="succeeded or failed.", rich_help_panel=_FILTERS)
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option(metavar="NAME", help="listen, read, speak or agent.", rich_help_panel=_FILTERS)
    ] = None,
    method: Annotated[
        str | None, typer.Option(metavar="NAME", help="sync, async or streaming.", rich_help_panel=_FILTERS)
    ] = None,
    deployment: Annotated[
        str | None, typer.Option(metavar="NAME", help="hosted, beta or self-hosted.", rich_help_panel=_FILTERS)
    ] = None,
    accessor: Annotated[
        str | None, typer.Option(metavar="KEY", help="Those made with this key.", rich_help_panel=_FILTERS)
    ] = None,
) -> int:
    """List the requests that a project made, the latest first.

    Example: deepgram-anyio requests list --limit 5

    Example: deepgram-anyio requests list --status failed --start 2026-01-31
    """
    output = Output(settings)
    since, until = parse_time("--start", start), parse_time("--end", end)

    async def main(dg: DeepgramClient) -> None:
        pages = dg.manage.v1.requests.iterate(
            await choose_project(dg, project),
            limit=min(limit, 100),
            start=since,
            end=until,
            status=status,
            endpoint=endpoint,
            method=method,
            deployment=deployment,
            accessor=accessor,
        )
        found: list[RequestInfo] = []
        async for request in pages:
            found.append(request)
            if len(found) == limit:
                break
        if output.json:
            output.document({"requests": [request.to_dict() for request in found]})
        else:
            _print_requests(output, found)

    return run_async(settings, main)


@requests_app.command("get")
@with_settings
def get_request(
    settings: Settings,
    request: Annotated[str, typer.Argument(metavar="REQUEST", help="Its identifier: the dg-request-id of the answer.")],
    project: ProjectOption = None,
) -> int:
    """Show a request, and how it was answered.

    Example: deepgram-anyio requests get 2c1d0e9f-8a7b-4c6d-9e5f-4a3b2c1d0e9f
    """
    output = Output(settings)

    async def main(dg: DeepgramClient) -> None:
        details = await dg.manage.v1.requests.get(await choose_project(dg, project), request)
        if output.json:
            output.document(details)
            return
        found = details.request
        if found is None:
            output.note("The server told nothing about it.")
            return
        pairs = [
            ("Identifier", found.request_id),
            ("Time", found.created),
            ("Path", found.path),
            ("Status", _status(found)),
            ("Key", found.api_key_id),
            ("Accessor", found.accessor),
            ("Deployment", found.deployment),
            ("Callback", found.callback),
        ]
        output.record("Request", pairs)

    return run_async(settings, main)


def _print_requests(output: Output, found: list[RequestInfo]) -> None:
    columns: list[Column | str] = [
        Column("Time", whole=True),
        Column("Status", right=True),
        "Identifier",
        "Path",
        Column("Deployment", optional=True),
    ]
    rows = [
        (request.created, _status(request), request.request_id, _route(request), request.deployment)
        for request in found
    ]
    output.table("Requests", columns, rows, empty="No request was found.")


def _status(request: RequestInfo) -> int | None:
    return None if request.code is None else int(request.code)


def _route(request: RequestInfo) -> str | None:
    return None if request.path is None else request.path.partition("?")[0]
