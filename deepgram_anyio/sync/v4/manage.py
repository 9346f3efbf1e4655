"""``manage`` and ``asyncmanage``: projects, keys, members, invitations, usage, balances, models."""

from __future__ import annotations

from typing import Any, TypeAlias

from ..blocking import blocking
from .manage_usage import AsyncUsageCalls, ModelOptions
from .options_manage import (
    InviteOptions,
    KeyOptions,
    ProjectOptions,
    ScopeOptions,
)
from .responses_manage import (
    InvitesResponse,
    Key,
    KeyResponse,
    KeysResponse,
    MembersResponse,
    Message,
    Project,
    ProjectsResponse,
    ScopesResponse,
)
from .rest import AbstractSyncRestClient, Call
from .rest_request import Addons, Headers, Timeout, json_body, to_operation, wire_options

__all__ = ["AsyncManageClient", "ManageClient", "ModelOptions"]

_Dict: TypeAlias = dict[str, Any]


class AsyncManageClient(AsyncUsageCalls):
    """Management, async.

    What all calls take and raise: `AbstractAsyncRestClient`. Options are a dict or an object, and exactly what is set
    there is sent. An identifier that cannot stand in a path is a `ConfigError`. The names that begin with ``list`` do
    the same as those with ``get``.
    """

    async def get_projects(
        self, /, timeout: Timeout = None, addons: Addons = None, headers: Headers = None, **kwargs: Any
    ) -> ProjectsResponse:
        """Return the projects that the credential opens."""
        return await self._answer(
            ProjectsResponse, to_operation("manage.v1.projects.list"), Call(None, addons, headers, timeout, kwargs)
        )

    async def get_project(
        self, /, project_id: str, timeout: Timeout = None, addons: Addons = None, headers: Headers = None, **kwargs: Any
    ) -> Project:
        """Return a project."""
        return await self._answer(
            Project,
            to_operation("manage.v1.projects.get", project_id=project_id),
            Call(None, addons, headers, timeout, kwargs),
        )

    async def update_project_option(
        self,
        /,
        project_id: str,
        options: _Dict | ProjectOptions,
        timeout: Timeout = None,
        addons: Addons = None,
        headers: Headers = None,
        **kwargs: Any,
    ) -> Message:
        """Rename a project."""
        return await self._answer(
            Message,
            to_operation("manage.v1.projects.update", project_id=project_id),
            Call(None, addons, headers, timeout, kwargs),
            json_body(wire_options(options)),
        )

    async def update_project(
        self,
        /,
        project_id: str,
        name: str | _Dict | ProjectOptions = "",
        timeout: Timeout = None,
        addons: Addons = None,
        headers: Headers = None,
        **kwargs: Any,
    ) -> Message:
        """Rename a project; options will do, too, as in the README."""
        return await self._answer(
            Message,
            to_operation("manage.v1.projects.update", project_id=project_id),
            Call(None, addons, headers, timeout, kwargs),
            json_body(_named("name", name)),
        )

    async def delete_project(
        self, /, project_id: str, timeout: Timeout = None, addons: Addons = None, headers: Headers = None, **kwargs: Any
    ) -> Message:
        """Delete a project."""
        return await self._answer(
            Message,
            to_operation("manage.v1.projects.delete", project_id=project_id),
            Call(None, addons, headers, timeout, kwargs),
        )

    async def get_keys(
        self, /, project_id: str, timeout: Timeout = None, addons: Addons = None, headers: Headers = None, **kwargs: Any
    ) -> KeysResponse:
        """Return a project's keys, without their secrets."""
        return await self._answer(
            KeysResponse,
            to_operation("manage.v1.keys.list", project_id=project_id),
            Call(None, addons, headers, timeout, kwargs),
        )

    async def get_key(
        self,
        /,
        project_id: str,
        key_id: str,
        timeout: Timeout = None,
        addons: Addons = None,
        headers: Headers = None,
        **kwargs: Any,
    ) -> KeyResponse:
        """Return a key, without its secret."""
        return await self._answer(
            KeyResponse,
            to_operation("manage.v1.keys.get", project_id=project_id, key_id=key_id),
            Call(None, addons, headers, timeout, kwargs),
        )

    async def create_key(
        self,
        /,
        project_id: str,
        options: _Dict | KeyOptions,
        timeout: Timeout = None,
        addons: Addons = None,
        headers: Headers = None,
        **kwargs: Any,
    ) -> Key:
        """Make a key; its secret is shown this once."""
        return await self._answer(
            Key,
            to_operation("manage.v1.keys.create", project_id=project_id),
            Call(None, addons, headers, timeout, kwargs),
            json_body(wire_options(options)),
        )

    async def delete_key(
        self,
        /,
        project_id: str,
        key_id: str,
        timeout: Timeout = None,
        addons: Addons = None,
        headers: Headers = None,
        **kwargs: Any,
    ) -> Message:
        """Delete a key."""
        return await self._answer(
            Message,
            to_operation("manage.v1.keys.delete", project_id=project_id, key_id=key_id),
            Call(None, addons, headers, timeout, kwargs),
        )

    async def get_members(
        self, /, project_id: str, timeout: Timeout = None, addons: Addons = None, headers: Headers = None, **kwargs: Any
    ) -> MembersResponse:
        """Return a project's members."""
        return await self._answer(
            MembersResponse,
            to_operation("manage.v1.members.list", project_id=project_id),
            Call(None, addons, headers, timeout, kwargs),
        )

    async def remove_member(
        self,
        /,
        project_id: str,
        member_id: str,
        timeout: Timeout = None,
        addons: Addons = None,
        headers: Headers = None,
        **kwargs: Any,
    ) -> Message:
        """Remove a member."""
        return await self._answer(
            Message,
            to_operation("manage.v1.members.remove", project_id=project_id, member_id=member_id),
            Call(None, addons, headers, timeout, kwargs),
        )

    async def get_member_scopes(
        self,
        /,
        project_id: str,
        member_id: str,
        timeout: Timeout = None,
        addons: Addons = None,
        headers: Headers = None,
        **kwargs: Any,
    ) -> ScopesResponse:
        """Return what a member may do."""
        return await self._answer(
            ScopesResponse,
            to_operation("manage.v1.members.scopes", project_id=project_id, member_id=member_id),
            Call(None, addons, headers, timeout, kwargs),
        )

    async def update_member_scope(
        self,
        /,
        project_id: str,
        member_id: str,
        options: _Dict | ScopeOptions,
        timeout: Timeout = None,
        addons: Addons = None,
        headers: Headers = None,
        **kwargs: Any,
    ) -> Message:
        """Say what a member may do."""
        return await self._answer(
            Message,
            to_operation("manage.v1.members.update_scope", project_id=project_id, member_id=member_id),
            Call(None, addons, headers, timeout, kwargs),
            json_body(wire_options(options)),
        )

    async def get_invites(
        self, /, project_id: str, timeout: Timeout = None, addons: Addons = None, headers: Headers = None, **kwargs: Any
    ) -> InvitesResponse:
        """Return a project's invitations."""
        return await self._answer(
            InvitesResponse,
            to_operation("manage.v1.invites.list", project_id=project_id),
            Call(None, addons, headers, timeout, kwargs),
        )

    async def send_invite_options(
        self,
        /,
        project_id: str,
        options: _Dict | InviteOptions,
        timeout: Timeout = None,
        addons: Addons = None,
        headers: Headers = None,
        **kwargs: Any,
    ) -> Message:
        """Invite somebody."""
        return await self._answer(
            Message,
            to_operation("manage.v1.invites.send", project_id=project_id),
            Call(None, addons, headers, timeout, kwargs),
            json_body(wire_options(options)),
        )

    async def send_invite(
        self,
        /,
        project_id: str,
        email: str | _Dict | InviteOptions,
        scope: str = "member",
        timeout: Timeout = None,
        addons: Addons = None,
        headers: Headers = None,
        **kwargs: Any,
    ) -> Message:
        """Invite somebody; options will do, too, as in the README, and then say all."""
        return await self._answer(
            Message,
            to_operation("manage.v1.invites.send", project_id=project_id),
            Call(None, addons, headers, timeout, kwargs),
            json_body(_named("email", email, scope=scope)),
        )

    async def delete_invite(
        self,
        /,
        project_id: str,
        email: str,
        timeout: Timeout = None,
        addons: Addons = None,
        headers: Headers = None,
        **kwargs: Any,
    ) -> Message:
        """Take an invitation back."""
        return await self._answer(
            Message,
            to_operation("manage.v1.invites.delete", project_id=project_id, email=email),
            Call(None, addons, headers, timeout, kwargs),
        )

    async def leave_project(
        self, /, project_id: str, timeout: Timeout = None, addons: Addons = None, headers: Headers = None, **kwargs: Any
    ) -> Message:
        """Leave a project."""
        return await self._answer(
            Message,
            to_operation("manage.v1.projects.leave", project_id=project_id),
            Call(None, addons, headers, timeout, kwargs),
        )

    list_projects = get_projects
    list_keys = get_keys
    list_members = get_members
    list_invites = get_invites


class ManageClient(AbstractSyncRestClient):
    """Management. See `AsyncManageClient`."""

    _async_class = AsyncManageClient

    @blocking(AsyncManageClient.get_projects)
    def get_projects(self) -> None: ...

    list_projects = get_projects

    @blocking(AsyncManageClient.get_project)
    def get_project(self) -> None: ...
    @blocking(AsyncManageClient.update_project_option)
    def update_project_option(self) -> None: ...
    @blocking(AsyncManageClient.update_project)
    def update_project(self) -> None: ...
    @blocking(AsyncManageClient.delete_project)
    def delete_project(self) -> None: ...
    @blocking(AsyncManageClient.get_project_models)
    def get_project_models(self) -> None: ...

    list_project_models = get_project_models

    @blocking(AsyncManageClient.get_project_model)
    def get_project_model(self) -> None: ...
    @blocking(AsyncManageClient.get_models)
    def get_models(self) -> None: ...

    list_models = get_models

    @blocking(AsyncManageClient.get_model)
    def get_model(self) -> None: ...
    @blocking(AsyncManageClient.get_keys)
    def get_keys(self) -> None: ...

    list_keys = get_keys

    @blocking(AsyncManageClient.get_key)
    def get_key(self) -> None: ...
    @blocking(AsyncManageClient.create_key)
    def create_key(self) -> None: ...
    @blocking(AsyncManageClient.delete_key)
    def delete_key(self) -> None: ...
    @blocking(AsyncManageClient.get_members)
    def get_members(self) -> None: ...

    list_members = get_members

    @blocking(AsyncManageClient.remove_member)
    def remove_member(self) -> None: ...
    @blocking(AsyncManageClient.get_member_scopes)
    def get_member_scopes(self) -> None: ...
    @blocking(AsyncManageClient.update_member_scope)
    def update_member_scope(self) -> None: ...
    @blocking(AsyncManageClient.get_invites)
    def get_invites(self) -> None: ...

    list_invites = get_invites

    @blocking(AsyncManageClient.send_invite_options)
    def send_invite_options(self) -> None: ...
    @blocking(AsyncManageClient.send_invite)
    def send_invite(self) -> None: ...
    @blocking(AsyncManageClient.delete_invite)
    def delete_invite(self) -> None: ...
    @blocking(AsyncManageClient.leave_project)
    def leave_project(self) -> None: ...
    @blocking(AsyncManageClient.get_usage_requests)
    def get_usage_requests(self) -> None: ...
    @blocking(AsyncManageClient.get_usage_request)
    def get_usage_request(self) -> None: ...
    @blocking(AsyncManageClient.get_usage_summary)
    def get_usage_summary(self) -> None: ...
    @blocking(AsyncManageClient.get_usage_fields)
    def get_usage_fields(self) -> None: ...
    @blocking(AsyncManageClient.get_balances)
    def get_balances(self) -> None: ...

    list_balances = get_balances

    @blocking(AsyncManageClient.get_balance)
    def get_balance(self) -> None: ...
    @blocking(AsyncManageClient.get_token_details)
    def get_token_details(self) -> None: ...


def _named(name: str, value: object, **more: Any) -> dict[str, Any]:
    """Return a body whose parts are given one by one, or all in one options object."""
    return {name: value, **more} if isinstance(value, str) else wire_options(value)
