"""``members``: who belongs to a project, and what they may do."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated

import typer

from .choices import ProjectOption, YesOption, choose_project, confirm
from .output import Column, Output
from .running import run_async
from .settings import Settings, group, with_settings

if TYPE_CHECKING:
    from ..client import DeepgramClient

__all__ = ["Scope", "grant_scope", "list_members", "list_scopes", "members_app", "remove_member"]


class Scope(str, enum.Enum):
    """What a member may be."""

    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"


members_app: typer.Typer = group("members", "List or remove the members of a project, or change what they may do.")

_Member = Annotated[str, typer.Argument(metavar="MEMBER", help="The member's identifier, as 'members list' shows it.")]


@members_app.command("list")
@with_settings
def list_members(settings: Settings, project: ProjectOption = None) -> int:
    """List the members of a project.

    Example: deepgram-anyio members list
    """
    output = Output(settings)

    async def main(dg: DeepgramClient) -> None:
        members = await dg.manage.v1.members.list(await choose_project(dg, project))
        if output.json:
            output.document(members)
            return
        rows = []
        for member in members:
            name = " ".join(filter(None, (member.first_name, member.last_name)))
            rows.append((name, member.email, member.scopes, member.member_id))
        columns: list[Column | str] = [Column("Name", optional=True), "Email", "Scopes", "Identifier"]
        output.table("Members", columns, rows, empty="The project has no members.")

    return run_async(settings, main)


@members_app.command("remove")
@with_settings
def remove_member(settings: Settings, member: _Member, project: ProjectOption = None, yes: YesOption = False) -> int:
    """End somebody's membership of a project.

    Example: deepgram-anyio members remove 1f2e3d4c-5b6a-4978-8c9d-0e1f2a3b4c5d
    """
    output = Output(settings)
    confirm(f"Remove the member {member} from the project?", yes=yes)

    async def main(dg: DeepgramClient) -> None:
        project_id = await choose_project(dg, project)
        await dg.manage.v1.members.remove(project_id, member)
        output.done({"action": "remove", "project_id": project_id, "member_id": member}, f"Removed {member}.")

    return run_async(settings, main)


@members_app.command("scopes")
@with_settings
def list_scopes(settings: Settings, member: _Member, project: ProjectOption = None) -> int:
    """List what a member may do.

    Example: deepgram-anyio members scopes 1f2e3d4c-5b6a-4978-8c9d-0e1f2a3b4c5d
    """
    output = Output(settings)

    async def main(dg: DeepgramClient) -> None:
        scopes = await dg.manage.v1.members.scopes(await choose_project(dg, project), member)
        if output.json:
            output.document(scopes)
        else:
            output.table("Scopes", ["Scope"], [(scope,) for scope in scopes], empty="The member may do nothing.")

    return run_async(settings, main)


@members_app.command("grant")
@with_settings
def grant_scope(
    settings: Settings,
    member: _Member,
    scope: Annotated[Scope, typer.Argument(metavar="SCOPE", help="What the member becomes: member, admin or owner.")],
    project: ProjectOption = None,
) -> int:
    """Change what a member may do.

    Example: deepgram-anyio members grant 1f2e3d4c-5b6a-4978-8c9d-0e1f2a3b4c5d admin
    """
    output = Output(settings)

    async def main(dg: DeepgramClient) -> None:
        project_id = await choose_project(dg, project)
        await dg.manage.v1.members.update_scope(project_id, member, scope.value)
        document = {"action": "grant", "project_id": project_id, "member_id": member, "scope": scope.value}
        output.done(document, f"{member} is now {scope.value}.")

    return run_async(settings, main)
