"""``/v1/models``: what there is to choose from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ...protocol.rest.models import Model, ModelList
from .accounts import not_found
from .call import Handler, RestCall
from .catalog import OUTDATED, STT, TTS, find

__all__ = ["HANDLERS"]


async def _models(call: RestCall) -> ModelList:
    def listed(models: Iterable[Model]) -> list[Model]:
        return [model for model in models if call.query.include_outdated or model.canonical_name not in OUTDATED]

    return ModelList(stt=listed(STT), tts=listed(TTS))


async def _model(call: RestCall) -> Model:
    name = call.fields["model_id"]
    found = find(name)
    if found is None:
        raise not_found("model", name)
    return found


HANDLERS: Final[Mapping[str, Handler]] = {
    "manage.v1.models.list": _models,
    "manage.v1.models.get": _model,
    "manage.v1.models.list(project_id=)": _models,
    "manage.v1.models.get(project_id=)": _model,
}
"""What answers these calls."""
