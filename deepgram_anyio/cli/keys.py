"""``keys``: the API keys of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .choices import ProjectOption, YesOption, choose_project, confirm, parse_time
from .failures import CommandError
from .output import Column, Output
from .running import run_async
from .settings import Settings, group, with_settings

if TYPE_CHECKING:
    from ..client import DeepgramClient

__all__ = ["create_key", "delete_key", "get_key", "keys_app", "list_keys"]

keys_app: typer.Typer = group("keys", "List, show, create or delete the API keys of a project.")

_Key = Annotated[str, typer.Argument(metavar="KEY", help="The key's identifier, as 'keys list' shows it.")]


@keys_app.command("list")
@with_settings
def list_keys(
    settings: Settings,
    project: ProjectOption = None,
    status: Annotated[
        str | None, typer.Option(metavar="STATUS", help="Only those that are active, or expired.")
    ] = None,
) -> int:
    """List the keys of a project. Their secrets are not shown.

    Example: deepgram-anyio keys list --status active
    """
    output = Output(settings)

    async def main(dg: DeepgramClient) -> None:
        keys = await dg.manage.v1.keys.list(await choose_project(dg, project), status=status)
        if output.json:
            output.document(keys)
            return
        rows = []
        for entry in keys:
            key, owner = entry.api_key, entry.member
            if key is not None:
                email = owner.email if owner is not None else None
                expires = key.expiration_date or "never"
                rows.append((key.comment, key.scopes, email, key.tags, key.created, expires, key.api_key_id))
        columns: list[Column | str] = [
            "Comment",
            "Scopes",
            Column("Member", optional=True),
            Column("Tags", optional=True),
            Column("Created", whole=True, optional=True),
            Column("Expires", whole=True, optional=True),
            "Identifier",
        ]
        output.table("API keys", columns, rows, empty="The project has no keys.")

    return run_async(settings, main)


@keys_app.command("get")
@with_settings
def get_key(settings: Settings, key: _Key, project: ProjectOption = None) -> int:
    """Show a key. Its secret is not shown.

    Example: deepgram-anyio keys get 7b0c1d2e-3f4a-4b5c-8d6e-7f8a9b0c1d2e
    """
    output = Output(settings)

    async def main(dg: DeepgramClient) -> None:
        details = await dg.manage.v1.keys.get(await choose_project(dg, project), key)
        if output.json:
            output.document(details)
            return
        found, owner = details.key, details.owner
        pairs: list[tuple[str, object]] = [("Member", owner.email if owner is not None else None)]
        if found is not None:
            pairs = [
                ("Identifier", found.api_key_id),
                ("Comment", found.comment),
                ("Scopes", found.scopes),
                ("Tags", found.tags),
                ("Created", found.created),
                ("Expires", found.expiration_date or "never"),
                *pairs,
            ]
        output.record("API key", pairs)

    return run_async(settings, main)


@keys_app.command("create")
@with_settings
def create_key(
    settings: Settings,
    comment: Annotated[str, typer.Argument(metavar="COMMENT", help="What the key is for.")],
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", metavar="SCOPE", help="What it may do: usage:write, member, admin. Repeatable."),
    ] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", metavar="TAG", help="A label. Repeatable.")] = None,
    ttl: Annotated[int | None, typer.Option("--ttl", metavar="SECONDS", min=1, help="How long it works.")] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="TIME", help="When it stops working: 2026-01-31T12:00:00Z.")
    ] = None,
    project: ProjectOption = None,
) -> int:
    """Create a key. Its secret is printed this once, alone on standard output.

    Example: deepgram-anyio keys create "Ingest job" --scope usage:write --ttl 86400

    Example: deepgram-anyio keys create "Night shift" --scope member --expires 2027-01-01
    """
    output = Output(settings)
    if not scope:
        raise CommandError("a key needs at least one --scope, such as usage:write, member or admin")
    if ttl is not None and expires is not None:
        raise CommandError("--ttl and --expires exclude each other")
    until = parse_time("--expires", expires)

    async def main(dg: DeepgramClient) -> None:
        created = await dg.manage.v1.keys.create(
            await choose_project(dg, project),
            comment,
            scope,
            tags=tag,
            expiration_date=until,
            time_to_live_in_seconds=ttl,
        )
        output.secret(created, created.key)
        output.note(f"Created the key {created.api_key_id}. Its secret is shown this once: keep it now.")

    return run_async(settings, main)


@keys_app.command("delete")
@with_settings
def delete_key(settings: Settings, key: _Key, project: ProjectOption = None, yes: YesOption = False) -> int:
    """Delete a key: it stops working at once. This cannot be undone.

    Example: deepgram-anyio keys delete 7b0c1d2e-3f4a-4b5c-8d6e-7f8a9b0c1d2e
    """
    output = Output(settings)
    confirm(f"Delete the key {key}? Who uses it will be refused.", yes=yes)

    async def main(dg: DeepgramClient) -> None:
        project_id = await choose_project(dg, project)
        await dg.manage.v1.keys.delete(project_id, key)
        output.done({"action": "delete", "project_id": project_id, "api_key_id": key}, f"Deleted the key {key}.")

    return run_async(settings, main)
