"""``usage``: what a project used, in sum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from .choices import ProjectOption, choose_project, parse_day, parse_pairs
from .failures import CommandError
from .output import Column, Output, text_of
from .running import run_async
from .settings import Settings, group, with_settings

if TYPE_CHECKING:
    from ..client import DeepgramClient
    from ..protocol.rest.usage import UsageGrouping

__all__ = ["break_usage_down", "list_usage_fields", "sum_usage", "usage_app"]

usage_app: typer.Typer = group("usage", "Sum up what a project used.")

_FILTERS = "Filters"
_Start: TypeAlias = Annotated[str | None, typer.Option("--start", metavar="DAY", help="First day: 2026-01-31.")]
_End: TypeAlias = Annotated[str | None, typer.Option("--end", metavar="DAY", help="Last day.")]
_Accessor: TypeAlias = Annotated[
    str | None, typer.Option("--accessor", metavar="KEY", help="Used with this key.", rich_help_panel=_FILTERS)
]
_Endpoint: TypeAlias = Annotated[
    str | None,
    typer.Option("--endpoint", metavar="NAME", help="listen, read, speak or agent.", rich_help_panel=_FILTERS),
]
_Method: TypeAlias = Annotated[
    str | None, typer.Option("--method", metavar="NAME", help="sync, async or streaming.", rich_help_panel=_FILTERS)
]
_Deployment: TypeAlias = Annotated[
    str | None,
    typer.Option("--deployment", metavar="NAME", help="hosted, beta or self-hosted.", rich_help_panel=_FILTERS),
]
_Model: TypeAlias = Annotated[
    str | None, typer.Option("--model", metavar="ID", help="This model, by its identifier.", rich_help_panel=_FILTERS)
]
_Tag: TypeAlias = Annotated[
    str | None, typer.Option("--tag", metavar="TAG", help="Requests with this label.", rich_help_panel=_FILTERS)
]
_Feature: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--feature",
        metavar="NAME=true|false",
        help="Requests that used a feature, such as diarize, or did not. Repeatable.",
        rich_help_panel=_FILTERS,
    ),
]


@usage_app.command("summary")
@with_settings
def sum_usage(
    settings: Settings,
    project: ProjectOption = None,
    start: _Start = None,
    end: _End = None,
    accessor: _Accessor = None,
    endpoint: _Endpoint = None,
    method: _Method = None,
    deployment: _Deployment = None,
    model: _Model = None,
    tag: _Tag = None,
    feature: _Feature = None,
) -> int:
    """Sum up what a project used in a period.

    Example: deepgram-anyio usage summary --start 2026-01-01 --end 2026-01-31

    Example: deepgram-anyio usage summary --endpoint listen --feature diarize=true
    """
    output = Output(settings)
    filters: dict[str, Any] = {
        **_features(feature),
        **_period(start, end),
        "accessor": accessor,
        "endpoint": endpoint,
        "method": method,
        "deployment": deployment,
        "model": model,
        "tag": tag,
    }

    async def main(dg: DeepgramClient) -> None:
        usage = await dg.manage.v1.usage.summary(await choose_project(dg, project), **filters)
        if output.json:
            output.document(usage)
            return
        columns: list[Column | str] = [
            Column("From", whole=True),
            Column("To", whole=True),
            Column("Requests", right=True),
            Column("Hours", right=True),
            Column("Hours of all channels", right=True, optional=True),
            Column("Agent hours", right=True),
            Column("Tokens", optional=True),
            Column("Speech", optional=True),
        ]
        rows = [
            (
                entry.start,
                entry.end,
                entry.requests,
                entry.hours,
                entry.total_hours,
                entry.agent_hours,
                _counts(entry.tokens),
                _counts(entry.tts),
            )
            for entry in usage.results or ()
        ]
        title = f"Usage from {text_of(usage.start)} to {text_of(usage.end)}"
        output.table(title, columns, rows, empty="Nothing was used in the period.")

    return run_async(settings, main)


@usage_app.command("fields")
@with_settings
def list_usage_fields(settings: Settings, project: ProjectOption = None, start: _Start = None, end: _End = None) -> int:
    """List what 'usage summary' and 'usage breakdown' can filter by.

    Example: deepgram-anyio usage fields --start 2026-01-01
    """
    output = Output(settings)
    period = _period(start, end)

    async def main(dg: DeepgramClient) -> None:
        fields = await dg.manage.v1.usage.fields(await choose_project(dg, project), **period)
        if output.json:
            output.document(fields)
            return
        pairs = [
            ("Tags", fields.tags),
            ("Methods", fields.processing_methods),
            ("Features", fields.features),
            ("Languages", fields.languages),
        ]
        output.record("Filters", pairs)
        columns: list[Column | str] = ["Model", "Language", Column("Version", optional=True), "Identifier"]
        rows = [(model.name, model.language, model.version, model.model_id) for model in fields.models or ()]
        output.table("Models", columns, rows, empty="No model was used in the period.")

    return run_async(settings, main)


@usage_app.command("breakdown")
@with_settings
def break_usage_down(
    settings: Settings,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="NAME",
            help="Group by accessor, endpoint, feature_set, models, method, tags or deployment.",
        ),
    ] = None,
    project: ProjectOption = None,
    start: _Start = None,
    end: _End = None,
    accessor: _Accessor = None,
    endpoint: _Endpoint = None,
    method: _Method = None,
    deployment: _Deployment = None,
    model: _Model = None,
    tag: _Tag = None,
    feature: _Feature = None,
) -> int:
    """Sum up what a project used in a period, group by group.

    Example: deepgram-anyio usage breakdown --by endpoint

    Example: deepgram-anyio usage breakdown --by models --start 2026-01-01
    """
    output = Output(settings)
    filters: dict[str, Any] = {
        **_features(feature),
        **_period(start, end),
        "grouping": by,
        "accessor": accessor,
        "endpoint": endpoint,
        "method": method,
        "deployment": deployment,
        "model": model,
        "tag": tag,
    }

    async def main(dg: DeepgramClient) -> None:
        usage = await dg.manage.v1.usage.breakdown(await choose_project(dg, project), **filters)
        if output.json:
            output.document(usage)
            return
        columns: list[Column | str] = [
            "Group",
            Column("Requests", right=True),
            Column("Hours", right=True),
            Column("Agent hours", right=True),
            Column("Characters", right=True),
            Column("Tokens in", right=True, optional=True),
            Column("Tokens out", right=True, optional=True),
        ]
        rows = [
            (
                _group(entry.grouping),
                entry.requests,
                entry.hours,
                entry.agent_hours,
                entry.tts_characters,
                entry.tokens_in,
                entry.tokens_out,
            )
            for entry in usage
        ]
        title = f"Usage from {text_of(usage.start)} to {text_of(usage.end)}"
        output.table(title, columns, rows, empty="Nothing was used in the period.")

    return run_async(settings, main)


def _period(start: str | None, end: str | None) -> dict[str, Any]:
    return {"start": parse_day("--start", start), "end": parse_day("--end", end)}


def _features(texts: list[str] | None) -> dict[str, Any]:
    features = parse_pairs("--feature", texts)
    for name, value in features.items():
        if value not in ("true", "false"):
            raise CommandError(f"--feature: {name} must be true or false, not {text_of(value)}")
    return {name: value == "true" for name, value in features.items()}


def _counts(counts: Mapping[str, Any] | None) -> str | None:
    return ", ".join(f"{name} {text_of(count)}" for name, count in (counts or {}).items()) or None


def _group(grouping: UsageGrouping | None) -> str:
    """What a group has in common; the period, which all groups of a stretch share, goes first."""
    if grouping is None:
        return text_of(None)
    told = grouping.to_dict()
    days = [text_of(grouping.start)] if grouping.start is not None else []
    names = [text_of(value) for name, value in told.items() if name not in ("start", "end")]
    return " ".join([*days, *names]) or text_of(None)
