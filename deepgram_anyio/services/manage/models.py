"""The models that there are, for everybody and for a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...protocol.rest.models import Model, ModelList, ModelListOptions
from ...protocol.rest.operations import operation
from ..backend import Backend, CallParams, split_params

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["ModelListParams", "Models"]


class ModelListParams(CallParams, total=False):
    """The fields of `ModelListOptions` as keywords, for type checkers and editors."""

    include_outdated: bool | None


class Models:
    """The models for speech to text and for text to speech."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def list(
        self,
        project_id: str | None = None,
        options: ModelListOptions | None = None,
        **params: Unpack[ModelListParams],
    ) -> ModelList:
        """List the models.

        Args:
            project_id: list those that this project may use, its own included; None for those that are public.
            options: parameters in a struct.
            **params: parameters by name, which win over `options`; and see `CallParams`.

        Raises:
            ConfigError: an unknown parameter, or one of the wrong type.
        """
        query, call = split_params(ModelListOptions, options, params)
        if project_id is None:
            return await self._backend.call(operation("manage.v1.models.list"), call, returns=ModelList, query=query)
        return await self._backend.call(
            operation("manage.v1.models.list(project_id=)"),
            call,
            returns=ModelList,
            fields={"project_id": project_id},
            query=query,
        )

    async def get(self, model_id: str, project_id: str | None = None, **call: Unpack[CallParams]) -> Model:
        """Get a model.

        Args:
            model_id: its identifier, `Model.uuid`.
            project_id: look among those that this project may use; None for those that are public.
            **call: see `CallParams`.
        """
        if project_id is None:
            return await self._backend.call(
                operation("manage.v1.models.get"), call, returns=Model, fields={"model_id": model_id}
            )
        return await self._backend.call(
            operation("manage.v1.models.get(project_id=)"),
            call,
            returns=Model,
            fields={"project_id": project_id, "model_id": model_id},
        )
