"""What commands ask for in the same way: a project, a period, a yes, pairs of names and values."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from .failures import CommandError

if TYPE_CHECKING:
    from ..client import DeepgramClient

__all__ = ["ProjectOption", "YesOption", "choose_project", "confirm", "parse_day", "parse_pairs", "parse_time"]

ProjectOption: TypeAlias = Annotated[
    str | None, typer.Option("--project", metavar="ID", help="The project; may be left out when there is only one.")
]
YesOption: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needed without a terminal.")]

_MOST_LISTED = 10


async def choose_project(dg: DeepgramClient, project_id: str | None) -> str:
    """Return the project that was named, or else the only one there is.

    Raises:
        CommandError: there are several, which the message lists, or none.
    """
    if project_id is not None:
        return project_id
    projects = (await dg.manage.v1.projects.list()).items
    if len(projects) == 1 and projects[0].project_id is not None:
        return projects[0].project_id
    if not projects:
        raise CommandError("the key belongs to no project", kind="not_found")
    listed = [f"{project.project_id} ({project.name})" for project in projects[:_MOST_LISTED]]
    more = f" and {len(projects) - _MOST_LISTED} more" if len(projects) > _MOST_LISTED else ""
    raise CommandError(f"there are several projects, so choose one with --project: {', '.join(listed)}{more}")


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something that cannot be undone.

    Args:
        question: what is going to happen.
        yes: the answer was given on the line.

    Raises:
        CommandError: there is nobody to ask.
        typer.Abort: the answer was no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError(f"{question} Without a terminal to ask at, that needs --yes")
    if not typer.confirm(question, err=True):
        print("Nothing was changed.", file=sys.stderr)
        raise typer.Abort


def parse_day(option: str, text: str | None) -> date | None:
    """Read a day, ``YYYY-MM-DD``.

    Raises:
        CommandError: it is none.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{option}: {text!r} is no day like 2026-01-31") from error


def parse_time(option: str, text: str | None) -> datetime | None:
    """Read a time with a zone, such as ``2026-01-31T12:00:00Z``; a day alone means its midnight in UTC.

    Raises:
        CommandError: it is none.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError as error:
        raise CommandError(f"{option}: {text!r} is no time like 2026-01-31T12:00:00Z") from error
    if moment.tzinfo is None and len(text) == len("2026-01-31"):
        return moment.replace(tzinfo=timezone.utc)
    if moment.tzinfo is None:
        raise CommandError(f"{option}: {text!r} has no time zone: write {text}Z, or {text}+01:00")
    return moment


def parse_pairs(option: str, texts: Iterable[str] | None) -> dict[str, str | list[str]]:
    """Read ``NAME=VALUE``, given any number of times; a name that is repeated has a list.

    Raises:
        CommandError: one has no name, or no ``=``.
    """
    pairs: dict[str, str | list[str]] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            raise CommandError(f"{option}: {text!r} is not NAME=VALUE")
        earlier = pairs.get(name)
        if earlier is None:
            pairs[name] = value
        else:
            pairs[name] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
    return pairs
