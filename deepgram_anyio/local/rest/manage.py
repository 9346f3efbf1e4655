"""``/v1/projects``: projects, keys, members and invitations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Final

from ...protocol.rest.base import Confirmation
from ...protocol.rest.projects import (
    CreatedKey,
    CreateKey,
    Invite,
    InviteList,
    Key,
    KeyDetails,
    KeyItem,
    KeyList,
    KeyMember,
    ListedKey,
    Member,
    MemberList,
    Project,
    ProjectList,
    ScopeList,
)
from ..answers import Refusal
from .accounts import KeyRecord, MemberRecord
from .call import Handler, RestCall
from .scopes import ROLES

__all__ = ["HANDLERS"]

_EMAIL = re.compile(r"[^\s@,;<>\"()\[\]\\]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_MAX_EMAIL_CHARS = 254
_MAX_NAME_CHARS = 256


# Projects.


async def _projects(call: RestCall) -> ProjectList:
    found = call.state.store.accounts.projects(call.caller)
    return ProjectList(projects=[Project(project_id=project.project_id, name=project.name) for project in found])


async def _project(call: RestCall) -> Project:
    # Nothing that is said here leaves this machine.
    return Project(project_id=call.project.project_id, name=call.project.name, mip_opt_out=True)


async def _update_project(call: RestCall) -> Confirmation:
    name = call.body.name
    if name is not None:
        if not 0 < len(name.strip()) <= _MAX_NAME_CHARS:
            raise _unfit("name", f"must have 1 to {_MAX_NAME_CHARS} characters")
        call.project.name = name
    return Confirmation(message="Successfully updated project info.")


async def _delete_project(call: RestCall) -> Confirmation:
    call.state.store.accounts.delete_project(call.project.project_id)
    return Confirmation(message="Successfully deleted the project.")


async def _leave_project(call: RestCall) -> Confirmation:
    call.state.store.accounts.leave(call.project, call.caller.member_id)
    return Confirmation(message="Successfully left the project.")


# Keys.


async def _keys(call: RestCall) -> KeyList:
    accounts, project, status = call.state.store.accounts, call.project, call.query.status
    return KeyList(
        api_keys=[
            ListedKey(member=_key_member(project.members[key.member_id]), api_key=_key(key))
            for key in accounts.keys(project)
            if status is None or accounts.expired(key) == (status == "expired")
        ]
    )


async def _key_details(call: RestCall) -> KeyDetails:
    key = call.state.store.accounts.key(call.project, call.fields["key_id"])
    owner = _key_member(call.project.members[key.member_id])
    owner.api_key = _key(key)
    return KeyDetails(item=KeyItem(member=owner))


async def _create_key(call: RestCall) -> CreatedKey:
    key, secret = call.state.store.accounts.create_key(
        call.caller,
        comment=call.body.comment,
        scopes=call.body.scopes,
        tags=call.body.tags or [],
        expires=_expiration(call.body, call.state.store.clock()),
    )
    return CreatedKey(
        api_key_id=key.api_key_id,
        key=secret,
        comment=key.comment,
        scopes=key.scopes,
        tags=key.tags,
        expiration_date=key.expires,
    )


async def _delete_key(call: RestCall) -> Confirmation:
    call.state.store.accounts.delete_key(call.project, call.fields["key_id"])
    return Confirmation(message="Successfully deleted the API key.")


def _expiration(body: CreateKey, now: datetime) -> datetime | None:
    try:
        if body.time_to_live_in_seconds is not None:
            expires = now + timedelta(seconds=body.time_to_live_in_seconds)
        elif body.expiration_date is not None:
            expires = body.expiration_date.astimezone(timezone.utc)
        else:
            return None
    except OverflowError:
        raise _unfit("expiration_date, or time_to_live_in_seconds,", "is out of range") from None
    if expires <= now:
        raise _unfit("expiration_date, or time_to_live_in_seconds,", "must lie in the future")
    return expires


def _key(key: KeyRecord) -> Key:
    return Key(
        api_key_id=key.api_key_id,
        comment=key.comment,
        scopes=key.scopes,
        tags=key.tags,
        created=key.created,
        expiration_date=key.expires,
    )


def _key_member(member: MemberRecord) -> KeyMember:
    return KeyMember(
        member_id=member.member_id, email=member.email, first_name=member.first_name, last_name=member.last_name
    )


# Members.


async def _members(call: RestCall) -> MemberList:
    return MemberList(
        members=[
            Member(
                member_id=member.member_id,
                email=member.email,
                first_name=member.first_name,
                last_name=member.last_name,
                scopes=member.scopes,
            )
            for member in call.project.members.values()
        ]
    )


async def _remove_member(call: RestCall) -> Confirmation:
    call.state.store.accounts.remove_member(call.project, call.fields["member_id"])
    return Confirmation(message="Successfully removed the member.")


async def _scopes(call: RestCall) -> ScopeList:
    return ScopeList(scopes=call.state.store.accounts.member(call.project, call.fields["member_id"]).scopes)


async def _update_scope(call: RestCall) -> Confirmation:
    accounts, scope = call.state.store.accounts, call.body.scope
    accounts.check_scopes(call.caller, [scope], among=ROLES)
    accounts.set_scope(call.project, call.fields["member_id"], scope)
    return Confirmation(message="Successfully updated the member's scope.")


# Invitations.


async def _invites(call: RestCall) -> InviteList:
    return InviteList(invites=[Invite(email=email, scope=scope) for email, scope in call.project.invites.items()])


async def _invite(call: RestCall) -> Confirmation:
    email, scope = call.body.email, call.body.scope
    if len(email) > _MAX_EMAIL_CHARS or not _EMAIL.fullmatch(email):
        raise _unfit("email", "is no e-mail address")
    call.state.store.accounts.invite(call.project, call.caller, email, scope)
    return Confirmation(message="Successfully sent the invitation.")


async def _withdraw_invite(call: RestCall) -> Confirmation:
    call.state.store.accounts.withdraw_invite(call.project, call.fields["email"])
    return Confirmation(message="Successfully deleted the invitation.")


def _unfit(field: str, problem: str) -> Refusal:
    return Refusal(400, "PAYLOAD_ERROR", f"The body does not fit: {field} {problem}.")


HANDLERS: Final[Mapping[str, Handler]] = {
    "manage.v1.projects.list": _projects,
    "manage.v1.projects.get": _project,
    "manage.v1.projects.update": _update_project,
    "manage.v1.projects.delete": _delete_project,
    "manage.v1.projects.leave": _leave_project,
    "manage.v1.keys.list": _keys,
    "manage.v1.keys.get": _key_details,
    "manage.v1.keys.create": _create_key,
    "manage.v1.keys.delete": _delete_key,
    "manage.v1.members.list": _members,
    "manage.v1.members.remove": _remove_member,
    "manage.v1.members.scopes": _scopes,
    "manage.v1.members.update_scope": _update_scope,
    "manage.v1.invites.list": _invites,
    "manage.v1.invites.send": _invite,
    "manage.v1.invites.delete": _withdraw_invite,
}
"""What answers these calls."""
