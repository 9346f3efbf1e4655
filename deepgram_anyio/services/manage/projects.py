"""Projects, and their API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ...protocol.rest.base import Confirmation, make_body
from ...protocol.rest.operations import operation
from ...protocol.rest.projects import (
    CreatedKey,
    CreateKey,
    KeyDetails,
    KeyList,
    KeyListOptions,
    Project,
    ProjectList,
    ProjectOptions,
    UpdateProject,
)
from ..backend import Backend, CallParams, split_params

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["KeyListParams", "Keys", "ProjectParams", "Projects"]


class ProjectParams(CallParams, total=False):
    """The fields of `ProjectOptions` as keywords, for type checkers and editors."""

    limit: int | None
    page: int | None


class KeyListParams(CallParams, total=False):
    """The fields of `KeyListOptions` as keywords, for type checkers and editors."""

    status: str | None


class Projects:
    """The projects that the caller's credential belongs to."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def list(self, **call: Unpack[CallParams]) -> ProjectList:
        """List the projects.

        Args:
            **call: see `CallParams`.
        """
        return await self._backend.call(operation("manage.v1.projects.list"), call, returns=ProjectList)

    async def get(
        self, project_id: str, options: ProjectOptions | None = None, **params: Unpack[ProjectParams]
    ) -> Project:
        """Get a project.

        Args:
            project_id: the project.
            options: parameters in a struct.
            **params: parameters by name, which win over `options`; and see `CallParams`.

        Raises:
            ConfigError: an unknown parameter, or one of the wrong type.
        """
        query, call = split_params(ProjectOptions, options, params)
        return await self._backend.call(
            operation("manage.v1.projects.get"), call, returns=Project, fields={"project_id": project_id}, query=query
        )

    async def update(self, project_id: str, name: str | None = None, **call: Unpack[CallParams]) -> Confirmation:
        """Change a project.

        Args:
            project_id: the project.
            name: its new name; None keeps it.
            **call: see `CallParams`.

        Returns:
            the server's confirmation.

        Raises:
            ConfigError: `name` is no string.
        """
        return await self._backend.call(
            operation("manage.v1.projects.update"),
            call,
            returns=Confirmation,
            fields={"project_id": project_id},
            body=make_body(UpdateProject, name=name),
        )

    async def delete(self, project_id: str, **call: Unpack[CallParams]) -> Confirmation:
        """Delete a project, with all that belongs to it.

        Args:
            project_id: the project.
            **call: see `CallParams`.

        Returns:
            the server's confirmation.
        """
        return await self._backend.call(
            operation("manage.v1.projects.delete"), call, returns=Confirmation, fields={"project_id": project_id}
        )

    async def leave(self, project_id: str, **call: Unpack[CallParams]) -> Confirmation:
        """End the caller's own membership of a project.

        Args:
            project_id: the project.
            **call: see `CallParams`.

        Returns:
            the server's confirmation.
        """
        return await self._backend.call(
            operation("manage.v1.projects.leave"), call, returns=Confirmation, fields={"project_id": project_id}
        )


class Keys:
    """The API keys of a project."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def list(
        self, project_id: str, options: KeyListOptions | None = None, **params: Unpack[KeyListParams]
    ) -> KeyList:
        """List a project's keys; their secrets are not told.

        Args:
            project_id: the project.
            options: parameters in a struct.
            **params: parameters by name, which win over `options`; and see `CallParams`.

        Raises:
            ConfigError: an unknown parameter, or one of the wrong type.
        """
        query, call = split_params(KeyListOptions, options, params)
        return await self._backend.call(
            operation("manage.v1.keys.list"), call, returns=KeyList, fields={"project_id": project_id}, query=query
        )

    async def get(self, project_id: str, key_id: str, **call: Unpack[CallParams]) -> KeyDetails:
        """Get a key; its secret is not told.

        Args:
            project_id: the project.
            key_id: the key's identifier, `Key.api_key_id`.
            **call: see `CallParams`.
        """
        return await self._backend.call(
            operation("manage.v1.keys.get"),
            call,
            returns=KeyDetails,
            fields={"project_id": project_id, "key_id": key_id},
        )

    async def create(
        self,
        project_id: str,
        comment: str,
        scopes: Sequence[str],
        *,
        tags: Sequence[str] | None = None,
        expiration_date: datetime | str | None = None,
        time_to_live_in_seconds: int | None = None,
        **call: Unpack[CallParams],
    ) -> CreatedKey:
        """Make a key.

        Args:
            project_id: the project.
            comment: what the key is for.
            scopes: what it may do, such as ``usage:write``, ``member`` or ``admin``; one at least.
            tags: labels.
            expiration_date: when it stops working, as a datetime with a time zone or RFC 3339 text; None for never.
            time_to_live_in_seconds: how long it works, in seconds, more than 0; None for ever.
            **call: see `CallParams`.

        Returns:
            The key, with its secret, which is told this once.

        Raises:
            ConfigError: an argument of the wrong type, no scope, a time without a zone, or both ways to say when it
                stops working.
        """
        body = make_body(
            CreateKey,
            comment=comment,
            scopes=scopes,
            tags=tags,
            expiration_date=expiration_date,
            time_to_live_in_seconds=time_to_live_in_seconds,
        )
        body.check()
        return await self._backend.call(
            operation("manage.v1.keys.create"), call, returns=CreatedKey, fields={"project_id": project_id}, body=body
        )

    async def delete(self, project_id: str, key_id: str, **call: Unpack[CallParams]) -> Confirmation:
        """Delete a key: it stops working.

        Args:
            project_id: the project.
            key_id: the key's identifier.
            **call: see `CallParams`.

        Returns:
            the server's confirmation.
        """
        return await self._backend.call(
            operation("manage.v1.keys.delete"),
            call,
            returns=Confirmation,
            fields={"project_id": project_id, "key_id": key_id},
        )
