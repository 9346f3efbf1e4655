"""``invites``: who is invited to a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .choices import ProjectOption, YesOption, choose_project, confirm
from .members import Scope
from .output import Output
from .running import run_async
from .settings import Settings, group, with_settings

if TYPE_CHECKING:
    from ..client import DeepgramClient

__all__ = ["delete_invite", "invites_app", "list_invites", "send_invite"]

invites_app: typer.Typer = group("invites", "List, send or take back invitations to a project.")

_Email = Annotated[str, typer.Argument(metavar="EMAIL", help="Who is invited.")]


@invites_app.command("list")
@with_settings
def list_invites(settings: Settings, project: ProjectOption = None) -> int:
    """List the invitations that were not answered yet.

    Example: deepgram-anyio invites list
    """
    output = Output(settings)

    async def main(dg: DeepgramClient) -> None:
        invites = await dg.manage.v1.invites.list(await choose_project(dg, project))
        if output.json:
            output.document(invites)
            return
        rows = [(invite.email, invite.scope) for invite in invites]
        output.table("Invitations", ["Email", "Scope"], rows, empty="No invitation is open.")

    return run_async(settings, main)


@invites_app.command("send")
@with_settings
def send_invite(
    settings: Settings,
    email: _Email,
    scope: Annotated[Scope, typer.Option("--scope", metavar="member|admin|owner", help="As what.")] = Scope.MEMBER,
    project: ProjectOption = None,
) -> int:
    """Invite somebody to a project.

    Example: deepgram-anyio invites send ada@example.com --scope admin
    """
    output = Output(settings)

    async def main(dg: DeepgramClient) -> None:
        project_id = await choose_project(dg, project)
        await dg.manage.v1.invites.send(project_id, email, scope.value)
        document = {"action": "send", "project_id": project_id, "email": email, "scope": scope.value}
        output.done(document, f"Invited {email} as {scope.value}.")

    return run_async(settings, main)


@invites_app.command("delete")
@with_settings
def delete_invite(settings: Settings, email: _Email, project: ProjectOption = None, yes: YesOption = False) -> int:
    """Take an invitation back.

    Example: deepgram-anyio invites delete ada@example.com
    """
    output = Output(settings)
    confirm(f"Take the invitation of {email} back?", yes=yes)

    async def main(dg: DeepgramClient) -> None:
        project_id = await choose_project(dg, project)
        await dg.manage.v1.invites.delete(project_id, email)
        document = {"action": "delete", "project_id": project_id, "email": email}
        output.done(document, f"Took the invitation of {email} back.")

    return run_async(settings, main)
