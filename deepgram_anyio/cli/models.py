"""``models``: what there is to transcribe and to speak with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .output import Column, Output
from .running import run_async
from .settings import Settings, group, with_settings

if TYPE_CHECKING:
    from ..client import DeepgramClient
    from ..protocol.rest.models import Model

__all__ = ["get_model", "list_models", "models_app"]

models_app: typer.Typer = group("models", "List the models, or show one.")

_Project = Annotated[
    str | None, typer.Option("--project", metavar="ID", help="Those that this project may use, its own included.")
]


@models_app.command("list")
@with_settings
def list_models(
    settings: Settings,
    project: _Project = None,
    outdated: Annotated[bool, typer.Option("--outdated", help="Also those that newer versions replaced.")] = False,
) -> int:
    """List the models for speech to text and for text to speech.

    Example: deepgram-anyio models list

    Example: deepgram-anyio models list --outdated --json
    """
    output = Output(settings)

    async def main(dg: DeepgramClient) -> None:
        models = await dg.manage.v1.models.list(project, include_outdated=outdated or None)
        if output.json:
            output.document(models)
            return
        columns: list[Column | str] = [
            "Name",
            Column("Architecture", optional=True),
            "Languages",
            Column("Version", optional=True),
            "Identifier",
        ]
        for title, found in (("Speech to text", models.stt), ("Text to speech", models.tts)):
            rows = [
                (model.canonical_name or model.name, model.architecture, model.languages, model.version, model.uuid)
                for model in found or ()
            ]
            output.table(title, columns, rows)

    return run_async(settings, main)


@models_app.command("get")
@with_settings
def get_model(
    settings: Settings,
    model_id: Annotated[str, typer.Argument(metavar="ID", help="The model's identifier, as 'models list' shows it.")],
    project: _Project = None,
) -> int:
    """Show a model.

    Example: deepgram-anyio models get 30089e05-99d1-4376-b32e-c263170674af
    """
    output = Output(settings)

    async def main(dg: DeepgramClient) -> None:
        model = await dg.manage.v1.models.get(model_id, project)
        if output.json:
            output.document(model)
        else:
            output.record(model.canonical_name or model.name or model_id, _properties(model))

    return run_async(settings, main)


def _properties(model: Model) -> list[tuple[str, object]]:
    voice = model.metadata
    pairs: list[tuple[str, object]] = [
        ("Identifier", model.uuid),
        ("Name", model.name),
        ("Canonical name", model.canonical_name),
        ("Architecture", model.architecture),
        ("Languages", model.languages),
        ("Version", model.version),
    ]
    if voice is None:
        return [*pairs, ("Recordings", model.batch), ("Live", model.streaming), ("Formatting", model.formatted_output)]
    return [*pairs, ("Accent", voice.accent), ("Age", voice.age), ("Tags", voice.tags), ("Sample", voice.sample)]
