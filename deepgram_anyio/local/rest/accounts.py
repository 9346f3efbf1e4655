"""Who there is: projects, their members and invitations, and the keys and tokens that let callers in."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta

import msgspec

from ..answers import Refusal
from .scopes import ROLES, SCOPES, TOKEN_SCOPE, permissions

__all__ = ["TOKEN_PREFIX", "Accounts", "Caller", "KeyRecord", "MemberRecord", "ProjectRecord", "not_found"]

TOKEN_PREFIX = "dgt_"  # noqa: S105 - what granted tokens begin with
"""What granted tokens begin with, so that one that expired is never taken for an unknown key."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls.

    Attributes:
        project_id: the project that the credential belongs to.
        member_id: whose credential it is.
        api_key_id: the key; for a token, the key that it was granted with.
        scopes: what the credential may do.
        is_token: a granted token: good for speech and text, not for management.
        created: when the credential was made.
        expires: when it stops working; None for never.
    """

    project_id: str
    member_id: str
    api_key_id: str
    scopes: frozenset[str]
    is_token: bool = False
    created: datetime | None = None
    expires: datetime | None = None


class MemberRecord(msgspec.Struct, kw_only=True):
    """A member of a project."""

    member_id: str
    email: str
    first_name: str
    last_name: str
    scopes: list[str]


class ProjectRecord(msgspec.Struct, kw_only=True):
    """A project, its members by identifier, and the scopes offered to whom was invited, by e-mail address."""

    project_id: str
    name: str
    created: datetime
    members: dict[str, MemberRecord]
    invites: dict[str, str]


class KeyRecord(msgspec.Struct, kw_only=True, frozen=True):
    """An API key, without its secret."""

    api_key_id: str
    project_id: str
    member_id: str
    comment: str
    scopes: list[str]
    tags: list[str]
    created: datetime
    expires: datetime | None = None


class _Token(msgspec.Struct, frozen=True):
    api_key_id: str
    created: datetime
    expires: datetime


class Accounts:
    """Projects, members, keys and tokens, in memory. Of secrets it keeps SHA-256 digests alone.

    Attributes:
        default_project_id: the project that the server began with.
        owner_id: its first member.
        nobody: who calls what needs no credential, and may do nothing else.
    """

    def __init__(self, api_keys: Collection[str] | None, clock: Callable[[], datetime]) -> None:
        """
        Args:
            api_keys: keys of the default project's owner; None lets everyone in as that owner, with any credential or
                none, except with one that is known to be deleted or expired.
            clock: tells the time, with its zone.
        """
        self._clock = clock
        self._projects: dict[str, ProjectRecord] = {}
        self._keys: dict[str, KeyRecord] = {}
        # Looked up by digest: how long that takes tells nothing about a secret.
        self._key_digests: dict[bytes, str] = {}
        self._dead_digests: set[bytes] = set()
        self._tokens: dict[bytes, _Token] = {}
        owner = MemberRecord(
            member_id=str(uuid.uuid4()),
            email="local@example.com",
            first_name="Local",
            last_name="Owner",
            scopes=["owner"],
        )
        self.owner_id: str = owner.member_id
        self.default_project_id: str = self.add_project("Local", owner).project_id
        self.nobody: Caller = Caller(
            project_id=self.default_project_id, member_id=self.owner_id, api_key_id="", scopes=frozenset()
        )
        self._everyone: KeyRecord | None = None
        if api_keys is None:
            self._everyone = self._add_key(owner, self.default_project_id, comment="Everyone: no key is asked for")
        for secret in api_keys or ():
            key = self._add_key(owner, self.default_project_id, comment="Given when the server started")
            self._key_digests[_digest(secret)] = key.api_key_id

    # Who calls.

    def identify(self, scheme: str, credential: str) -> Caller | None:
        """Return whom a credential belongs to; None when it lets nobody in."""
        digest = _digest(credential)
        key = self._keys.get(self._key_digests.get(digest, ""))
        if key is not None:
            return self._caller(key) if scheme.lower() in ("token", "bearer") else None
        if credential.startswith(TOKEN_PREFIX):
            return self._token_caller(digest) if scheme.lower() == "bearer" else None
        if self._everyone is None or digest in self._dead_digests:
            return None
        return _caller_of(self._everyone)

    def _token_caller(self, digest: bytes) -> Caller | None:
        token = self._tokens.get(digest)
        if token is None or token.expires <= self._clock():
            return None
        key = self._keys.get(token.api_key_id)
        caller = None if key is None else self._caller(key)
        if caller is None:
            return None
        return msgspec.structs.replace(
            caller, scopes=frozenset({TOKEN_SCOPE}), is_token=True, created=token.created, expires=token.expires
        )

    def _caller(self, key: KeyRecord) -> Caller | None:
        if key is self._everyone:
            return _caller_of(key)
        project = self._projects.get(key.project_id)
        member = None if project is None else project.members.get(key.member_id)
        if member is None or self.expired(key):
            return None
        return _caller_of(key)

    def grant(self, caller: Caller, ttl_s: float) -> str:
        """Make a token that does what little a token may, for `ttl_s` seconds."""
        now = self._clock()
        self._tokens = {digest: token for digest, token in self._tokens.items() if token.expires > now}
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
        self._tokens[_digest(secret)] = _Token(caller.api_key_id, now, now + timedelta(seconds=ttl_s))
        return secret

    # Projects.

    def add_project(self, name: str, owner: MemberRecord) -> ProjectRecord:
        """Make a project with one member."""
        project = ProjectRecord(
            project_id=str(uuid.uuid4()),
            name=name,
            created=self._clock(),
            members={owner.member_id: owner},
            invites={},
        )
        self._projects[project.project_id] = project
        return project

    def projects(self, caller: Caller) -> list[ProjectRecord]:
        """Return the projects that a credential belongs to."""
        found = self._projects.get(caller.project_id)
        return [] if found is None else [found]

    def project(self, project_id: str, caller: Caller) -> ProjectRecord | None:
        """Return a project; None when there is none, or when the credential belongs to another."""
        return self._projects.get(project_id) if project_id == caller.project_id else None

    def delete_project(self, project_id: str) -> None:
        """Remove a project; its keys let nobody in any more."""
        del self._projects[project_id]

    # Members.

    def remove_member(self, project: ProjectRecord, member_id: str) -> None:
        """Remove a member; the member's keys let nobody in any more.

        Raises:
            Refusal: there is none, or it is the last owner.
        """
        self._keep_an_owner(project, self.member(project, member_id))
        del project.members[member_id]

    def leave(self, project: ProjectRecord, member_id: str) -> None:
        """Take out a member who wishes so.

        Raises:
            Refusal: it is the last owner, and there are others.
        """
        if len(project.members) > 1:
            self._keep_an_owner(project, self.member(project, member_id))
        del project.members[self.member(project, member_id).member_id]

    def set_scope(self, project: ProjectRecord, member_id: str, scope: str) -> None:
        """Give a member another scope.

        Raises:
            Refusal: there is no such member, or it is the last owner.
        """
        member = self.member(project, member_id)
        if scope != "owner":
            self._keep_an_owner(project, member)
        member.scopes = [scope]

    def member(self, project: ProjectRecord, member_id: str) -> MemberRecord:
        """Return a member.

        Raises:
            Refusal: there is none.
        """
        found = project.members.get(member_id)
        if found is None:
            raise not_found("member", member_id)
        return found

    @staticmethod
    def _keep_an_owner(project: ProjectRecord, member: MemberRecord) -> None:
        others = (other for other in project.members.values() if other is not member)
        if "owner" in member.scopes and not any("owner" in other.scopes for other in others):
            raise Refusal(400, "Bad Request", "The last owner of a project has to stay its owner.")

    # Keys.

    def create_key(
        self, caller: Caller, *, comment: str, scopes: list[str], tags: list[str], expires: datetime | None
    ) -> tuple[KeyRecord, str]:
        """Make a key, and return it with its secret, which is not kept.

        Raises:
            Refusal: an unknown scope, more than the caller may do, or the caller left.
        """
        self.check_scopes(caller, scopes)
        secret = secrets.token_hex(20)
        member = self.member(self._projects[caller.project_id], caller.member_id)
        key = self._add_key(member, caller.project_id, comment=comment, scopes=scopes, tags=tags, expires=expires)
        self._key_digests[_digest(secret)] = key.api_key_id
        return key, secret

    def check_scopes(self, caller: Caller, scopes: Iterable[str], *, among: Collection[str] = SCOPES) -> None:
        """See to it that a caller may hand on some scopes.

        Raises:
            Refusal: an unknown scope, or more than the caller may do.
        """
        for scope in scopes:
            if scope not in among:
                raise Refusal(400, "PAYLOAD_ERROR", f"There is no scope {scope[:80]!r}; there are: {_listed(among)}.")
            if not permissions([scope]) <= permissions(caller.scopes):
                raise Refusal(
                    403, "INSUFFICIENT_PERMISSIONS", f"Nobody can hand on the scope {scope!r} without having it."
                )

    def _add_key(
        self,
        member: MemberRecord,
        project_id: str,
        *,
        comment: str,
        scopes: Iterable[str] = ("owner",),
        tags: Iterable[str] = (),
        expires: datetime | None = None,
    ) -> KeyRecord:
        key = KeyRecord(
            api_key_id=str(uuid.uuid4()),
            project_id=project_id,
            member_id=member.member_id,
            comment=comment,
            scopes=list(scopes),
            tags=list(tags),
            created=self._clock(),
            expires=expires,
        )
        self._keys[key.api_key_id] = key
        return key

    def keys(self, project: ProjectRecord) -> list[KeyRecord]:
        """Return a project's keys of present members, the oldest first."""
        return [
            key
            for key in self._keys.values()
            if key.project_id == project.project_id and key.member_id in project.members
        ]

    def key(self, project: ProjectRecord, key_id: str) -> KeyRecord:
        """Return a key.

        Raises:
            Refusal: there is none.
        """
        found = self._keys.get(key_id)
        if found is None or found.project_id != project.project_id or found.member_id not in project.members:
            raise not_found("key", key_id)
        return found

    def delete_key(self, project: ProjectRecord, key_id: str) -> None:
        """Remove a key, and the tokens that were granted with it.

        Raises:
            Refusal: there is none, or it stands for everyone.
        """
        if self.key(project, key_id) is self._everyone:
            raise Refusal(400, "Bad Request", "This server asks for no key; start it with keys to change that.")
        del self._keys[key_id]
        gone = {digest for digest, owner in self._key_digests.items() if owner == key_id}
        self._dead_digests |= gone
        for digest in gone:
            del self._key_digests[digest]

    def expired(self, key: KeyRecord) -> bool:
        """Whether a key has stopped working."""
        return key.expires is not None and key.expires <= self._clock()

    # Invitations.

    def invite(self, project: ProjectRecord, caller: Caller, email: str, scope: str) -> None:
        """Invite someone.

        Raises:
            Refusal: the scope is none, the address was invited, or it is a member's.
        """
        self.check_scopes(caller, [scope], among=ROLES)
        taken = {member.email.casefold() for member in project.members.values()}
        taken |= {invited.casefold() for invited in project.invites}
        if email.casefold() in taken:
            raise Refusal(409, "CONFLICT", f"{email} is a member, or was invited.")
        project.invites[email] = scope

    @staticmethod
    def withdraw_invite(project: ProjectRecord, email: str) -> None:
        """Remove an invitation.

        Raises:
            Refusal: there is none.
        """
        if project.invites.pop(email, None) is None:
            raise not_found("invitation", email)


def not_found(kind: str, name: str) -> Refusal:
    """Return the refusal of something that there is not."""
    return Refusal(404, "NOT_FOUND", f"There is no {kind} {name[:80]!r}.")


def _caller_of(key: KeyRecord) -> Caller:
    return Caller(
        project_id=key.project_id,
        member_id=key.member_id,
        api_key_id=key.api_key_id,
        scopes=frozenset(key.scopes),
        created=key.created,
        expires=key.expires,
    )


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
