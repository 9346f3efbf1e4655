"""``projects``: those that the key belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .choices import YesOption, choose_project, confirm
from .output import Output
from .running import run_async
from .settings import Settings, group, with_settings

if TYPE_CHECKING:
    from ..client import DeepgramClient

__all__ = ["delete_project", "get_project", "leave_project", "list_projects", "projects_app", "rename_project"]

projects_app: typer.Typer = group("projects", "List, show, rename, delete or leave projects.")

_Project = Annotated[str, typer.Argument(metavar="PROJECT", help="The project's identifier.", show_default=False)]


@projects_app.command("list")
@with_settings
def list_projects(settings: Settings) -> int:
    """List the projects that the key belongs to.

    Example: deepgram-anyio projects list
    """
    output = Output(settings)

    async def main(dg: DeepgramClient) -> None:
        projects = await dg.manage.v1.projects.list()
        if output.json:
            output.document(projects)
            return
        rows = [(project.name, project.project_id) for project in projects]
        output.table("Projects", ["Name", "Identifier"], rows, empty="The key belongs to no project.")

    return run_async(settings, main)


@projects_app.command("get")
@with_settings
def get_project(
    settings: Settings,
    project: Annotated[
        str | None, typer.Argument(metavar="[PROJECT]", help="The project; may be left out when there is only one.")
    ] = None,
) -> int:
    """Show a project.

    Example: deepgram-anyio projects get

    Example: deepgram-anyio projects get 4a9f5b1c-0d3e-4f2a-8b7c-6d5e4f3a2b1c --json
    """
    output = Output(settings)

    async def main(dg: DeepgramClient) -> None:
        found = await dg.manage.v1.projects.get(await choose_project(dg, project))
        if output.json:
            output.document(found)
            return
        pairs = [("Name", found.name), ("Identifier", found.project_id)]
        output.record("Project", [*pairs, ("Out of model improvement", found.mip_opt_out)])

    return run_async(settings, main)


@projects_app.command("rename")
@with_settings
def rename_project(
    settings: Settings,
    project: _Project,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its new name.", show_default=False)],
) -> int:
    """Rename a project.

    Example: deepgram-anyio projects rename 4a9f5b1c-0d3e-4f2a-8b7c-6d5e4f3a2b1c "Call centre"
    """
    output = Output(settings)

    async def main(dg: DeepgramClient) -> None:
        await dg.manage.v1.projects.update(project, name)
        output.done({"action": "rename", "project_id": project, "name": name}, f"Renamed {project} to {name}.")

    return run_async(settings, main)


@projects_app.command("delete")
@with_settings
def delete_project(settings: Settings, project: _Project, yes: YesOption = False) -> int:
    """Delete a project, with its keys and all that belongs to it. This cannot be undone.

    Example: deepgram-anyio projects delete 4a9f5b1c-0d3e-4f2a-8b7c-6d5e4f3a2b1c
    """
    output = Output(settings)
    confirm(f"Delete the project {project}, with its keys and all that belongs to it?", yes=yes)

    async def main(dg: DeepgramClient) -> None:
        await dg.manage.v1.projects.delete(project)
        output.done({"action": "delete", "project_id": project}, f"Deleted the project {project}.")

    return run_async(settings, main)


@projects_app.command("leave")
@with_settings
def leave_project(settings: Settings, project: _Project, yes: YesOption = False) -> int:
    """End your own membership of a project.

    Example: deepgram-anyio projects leave 4a9f5b1c-0d3e-4f2a-8b7c-6d5e4f3a2b1c
    """
    output = Output(settings)
    confirm(f"Leave the project {project}?", yes=yes)

    async def main(dg: DeepgramClient) -> None:
        await dg.manage.v1.projects.leave(project)
        output.done({"action": "leave", "project_id": project}, f"Left the project {project}.")

    return run_async(settings, main)
