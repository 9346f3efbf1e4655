"""Who belongs to a project, and who is invited to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...protocol.rest.base import Confirmation, make_body
from ...protocol.rest.operations import operation
from ...protocol.rest.projects import InviteList, MemberList, ScopeList, SendInvite, UpdateScope
from ..backend import Backend, CallParams

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Invites", "Members"]


class Members:
    """The members of a project, and what they may do."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def list(self, project_id: str, **call: Unpack[CallParams]) -> MemberList:
        """List a project's members.

        Args:
            project_id: the project.
            **call: see `CallParams`.
        """
        return await self._backend.call(
            operation("manage.v1.members.list"), call, returns=MemberList, fields={"project_id": project_id}
        )

    async def remove(self, project_id: str, member_id: str, **call: Unpack[CallParams]) -> Confirmation:
        """End somebody's membership.

        Args:
            project_id: the project.
            member_id: the member.
            **call: see `CallParams`.

        Returns:
            the server's confirmation.
        """
        return await self._backend.call(
            operation("manage.v1.members.remove"),
            call,
            returns=Confirmation,
            fields={"project_id": project_id, "member_id": member_id},
        )

    async def scopes(self, project_id: str, member_id: str, **call: Unpack[CallParams]) -> ScopeList:
        """List what a member may do.

        Args:
            project_id: the project.
            member_id: the member.
            **call: see `CallParams`.
        """
        return await self._backend.call(
            operation("manage.v1.members.scopes"),
            call,
            returns=ScopeList,
            fields={"project_id": project_id, "member_id": member_id},
        )

    async def update_scope(
        self, project_id: str, member_id: str, scope: str, **call: Unpack[CallParams]
    ) -> Confirmation:
        """Change what a member may do.

        Args:
            project_id: the project.
            member_id: the member.
            scope: ``member``, ``admin`` or ``owner``.
            **call: see `CallParams`.

        Returns:
            the server's confirmation.

        Raises:
            ConfigError: `scope` is no string.
        """
        return await self._backend.call(
            operation("manage.v1.members.update_scope"),
            call,
            returns=Confirmation,
            fields={"project_id": project_id, "member_id": member_id},
            body=make_body(UpdateScope, scope=scope),
        )


class Invites:
    """Invitations that were not answered yet."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def list(self, project_id: str, **call: Unpack[CallParams]) -> InviteList:
        """List a project's open invitations.

        Args:
            project_id: the project.
            **call: see `CallParams`.
        """
        return await self._backend.call(
            operation("manage.v1.invites.list"), call, returns=InviteList, fields={"project_id": project_id}
        )

    async def send(self, project_id: str, email: str, scope: str, **call: Unpack[CallParams]) -> Confirmation:
        """Invite somebody.

        Args:
            project_id: the project.
            email: whom.
            scope: as what: ``member``, ``admin`` or ``owner``.
            **call: see `CallParams`.

        Returns:
            the server's confirmation.

        Raises:
            ConfigError: `email` or `scope` is no string.
        """
        return await self._backend.call(
            operation("manage.v1.invites.send"),
            call,
            returns=Confirmation,
            fields={"project_id": project_id},
            body=make_body(SendInvite, email=email, scope=scope),
        )

    async def delete(self, project_id: str, email: str, **call: Unpack[CallParams]) -> Confirmation:
        """Take an invitation back.

        Args:
            project_id: the project.
            email: who was invited.
            **call: see `CallParams`.

        Returns:
            the server's confirmation.
        """
        return await self._backend.call(
            operation("manage.v1.invites.delete"),
            call,
            returns=Confirmation,
            fields={"project_id": project_id, "email": email},
        )
