"""``credentials``: what the self-hosted distribution is fetched with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .choices import ProjectOption, YesOption, choose_project, confirm
from .output import Column, Output
from .running import run_async
from .settings import Settings, group, with_settings

if TYPE_CHECKING:
    from ..client import DeepgramClient
    from ..protocol.rest.credentials import CredentialsEntry

__all__ = ["create_credentials", "credentials_app", "delete_credentials", "get_credentials", "list_credentials"]

credentials_app: typer.Typer = group("credentials", "List, show, create or delete credentials for self-hosting.")

_Credentials = Annotated[
    str, typer.Argument(metavar="CREDENTIALS", help="Their identifier, as 'credentials list' shows it.")
]


@credentials_app.command("list")
@with_settings
def list_credentials(settings: Settings, project: ProjectOption = None) -> int:
    """List the credentials for the registry of the self-hosted distribution.

    Example: deepgram-anyio credentials list
    """
    output = Output(settings)

    async def main(dg: DeepgramClient) -> None:
        found = await dg.selfhosted.v1.credentials.list(await choose_project(dg, project))
        if output.json:
            output.document(found)
            return
        columns: list[Column | str] = [
            "Comment",
            Column("Provider", optional=True),
            "Scopes",
            Column("Created", whole=True, optional=True),
            "Identifier",
        ]
        rows = []
        for entry in found:
            if (made := entry.distribution_credentials) is not None:
                identifier = made.distribution_credentials_id
                rows.append((made.comment, made.provider, made.scopes, made.created, identifier))
        output.table("Self-hosting credentials", columns, rows, empty="The project has none.")

    return run_async(settings, main)


@credentials_app.command("get")
@with_settings
def get_credentials(settings: Settings, credentials: _Credentials, project: ProjectOption = None) -> int:
    """Show credentials for self-hosting.

    Example: deepgram-anyio credentials get 8b36cfd0-472f-4a21-833f-2d6343c3a2f3
    """
    output = Output(settings)

    async def main(dg: DeepgramClient) -> None:
        _show(output, await dg.selfhosted.v1.credentials.get(await choose_project(dg, project), credentials))

    return run_async(settings, main)


@credentials_app.command("create")
@with_settings
def create_credentials(
    settings: Settings,
    comment: Annotated[str, typer.Argument(metavar="COMMENT", help="What they are for.")],
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", metavar="SCOPE", help="A product: self-hosted:product:api. Repeatable; all without."),
    ] = None,
    provider: Annotated[str | None, typer.Option("--provider", metavar="NAME", help="The registry; quay.")] = None,
    project: ProjectOption = None,
) -> int:
    """Create credentials for self-hosting.

    Example: deepgram-anyio credentials create "Data centre" --scope self-hosted:products
    """
    output = Output(settings)

    async def main(dg: DeepgramClient) -> None:
        project_id = await choose_project(dg, project)
        _show(output, await dg.selfhosted.v1.credentials.create(project_id, comment, scope, provider))

    return run_async(settings, main)


@credentials_app.command("delete")
@with_settings
def delete_credentials(
    settings: Settings, credentials: _Credentials, project: ProjectOption = None, yes: YesOption = False
) -> int:
    """Delete credentials for self-hosting: they stop working at once.

    Example: deepgram-anyio credentials delete 8b36cfd0-472f-4a21-833f-2d6343c3a2f3
    """
    output = Output(settings)
    confirm(f"Delete the credentials {credentials}? What uses them will be refused.", yes=yes)

    async def main(dg: DeepgramClient) -> None:
        project_id = await choose_project(dg, project)
        await dg.selfhosted.v1.credentials.delete(project_id, credentials)
        document = {"action": "delete", "project_id": project_id, "distribution_credentials_id": credentials}
        output.done(document, f"Deleted the credentials {credentials}.")

    return run_async(settings, main)


def _show(output: Output, entry: CredentialsEntry) -> None:
    if output.json:
        output.document(entry)
        return
    made, owner = entry.distribution_credentials, entry.member
    pairs: list[tuple[str, object]] = [("Member", owner.email if owner is not None else None)]
    if made is not None:
        pairs = [
            ("Identifier", made.distribution_credentials_id),
            ("Comment", made.comment),
            ("Provider", made.provider),
            ("Scopes", made.scopes),
            ("Created", made.created),
            *pairs,
        ]
    output.record("Self-hosting credentials", pairs)
