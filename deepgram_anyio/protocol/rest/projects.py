"""Projects and who belongs to them: keys, members, scopes and invitations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from msgspec import Meta

from ...errors import ConfigError
from ..options import Options
from .base import Listing, Record, Response

__all__ = [
    "CreateKey",
    "CreatedKey",
    "Invite",
    "InviteList",
    "Key",
    "KeyDetails",
    "KeyItem",
    "KeyList",
    "KeyListOptions",
    "KeyMember",
    "ListedKey",
    "Member",
    "MemberList",
    "Project",
    "ProjectList",
    "ProjectOptions",
    "ScopeList",
    "SendInvite",
    "UpdateProject",
    "UpdateScope",
]


class Project(Response, kw_only=True):
    """A project.

    Attributes:
        project_id: its identifier.
        name: its name.
        mip_opt_out: whether its data stays out of the vendor's model improvement programme.
    """

    project_id: str | None = None
    name: str | None = None
    mip_opt_out: bool | None = None


class ProjectList(Listing[Project], kw_only=True):
    """The projects that a key belongs to.

    Attributes:
        projects: one by one.
    """

    _items: ClassVar[str] = "projects"

    projects: list[Project] | None = None


class ProjectOptions(Options, frozen=True, kw_only=True):
    """Parameters of getting a project, as the specification has them.

    Attributes:
        limit: entries on a page, 1 to 1000; 10.
        page: which page, from 0.
    """

    limit: int | None = None
    page: int | None = None


class UpdateProject(Record, kw_only=True):
    """What to change of a project.

    Attributes:
        name: the new name.
    """

    name: str | None = None


class Key(Record, kw_only=True):
    """An API key; the secret itself is told only once, by `CreatedKey`.

    Attributes:
        api_key_id: its identifier.
        comment: what it is for.
        scopes: what it may do.
        tags: labels.
        created: when it was made.
        expiration_date: when it stops working; None for never.
    """

    api_key_id: str | None = None
    comment: str | None = None
    scopes: list[str] | None = None
    tags: list[str] | None = None
    created: datetime | None = None
    expiration_date: datetime | None = None


class KeyMember(Record, kw_only=True):
    """Whose key it is.

    Attributes:
        api_key: the key, where the server puts it here.
        member_id: their identifier.
        email: the address.
        first_name: their first name.
        last_name: their last name.
    """

    member_id: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    api_key: Key | None = None


class ListedKey(Record, kw_only=True):
    """A key, and whose it is.

    Attributes:
        member: whose it is.
        api_key: the key.
    """

    member: KeyMember | None = None
    api_key: Key | None = None


class KeyList(Listing[ListedKey], kw_only=True):
    """The keys of a project.

    Attributes:
        api_keys: one by one; their secrets are not told.
    """

    _items: ClassVar[str] = "api_keys"

    api_keys: list[ListedKey] | None = None


class KeyListOptions(Options, frozen=True, kw_only=True):
    """Which keys to list.

    Attributes:
        status: ``active`` or ``expired``; all.
    """

    status: str | None = None


class KeyItem(Record, kw_only=True):
    """A key in the form of the specification: within its member.

    Attributes:
        member: whose it is.
    """

    member: KeyMember | None = None


class KeyDetails(Response, kw_only=True):
    """A key, and whose it is; `key` and `owner` find both in either form that the server may choose.

    Attributes:
        item: form of the specification.
        member: flat form.
        api_key: flat form.
    """

    item: KeyItem | None = None
    member: KeyMember | None = None
    api_key: Key | None = None

    @property
    def owner(self) -> KeyMember | None:
        """Whose key it is."""
        return self.item.member if self.item is not None else self.member

    @property
    def key(self) -> Key | None:
        """The key."""
        owner = self.owner
        return self.api_key if self.api_key is not None or owner is None else owner.api_key


class CreateKey(Record, kw_only=True):
    """A key to make.

    Attributes:
        comment: what it is for.
        scopes: what it may do, such as ``usage:write``, ``member`` or ``admin``.
        tags: labels.
        expiration_date: when it stops working.
        time_to_live_in_seconds: the same, from now, more than 0; only one of both.
    """

    comment: str
    scopes: list[str]
    tags: list[str] | None = None
    expiration_date: datetime | None = None
    time_to_live_in_seconds: Annotated[int, Meta(gt=0)] | None = None

    def check(self) -> None:
        """Look for values that cannot work together.

        Raises:
            ConfigError: there are some.
        """
        if self.expiration_date is not None and self.time_to_live_in_seconds is not None:
            raise ConfigError("expiration_date and time_to_live_in_seconds exclude each other")
        if self.expiration_date is not None and self.expiration_date.tzinfo is None:
            raise ConfigError("expiration_date needs a time zone")
        if not self.scopes:
            raise ConfigError("a key needs at least one scope")


class CreatedKey(Response, kw_only=True):
    """A key that was made.

    Attributes:
        api_key_id: its identifier.
        key: the secret, told this once; its `repr` does not show it.
        comment: what it is for.
        scopes: what it may do.
        tags: labels.
        expiration_date: when it stops working; None for never.
    """

    api_key_id: str | None = None
    key: str | None = None
    comment: str | None = None
    scopes: list[str] | None = None
    tags: list[str] | None = None
    expiration_date: datetime | None = None

    def __repr__(self) -> str:
        return f"CreatedKey(api_key_id={self.api_key_id!r}, comment={self.comment!r}, scopes={self.scopes!r})"


class Member(Record, kw_only=True):
    """A member of a project.

    Attributes:
        member_id: their identifier.
        email: the address.
        first_name: their first name.
        last_name: their last name.
        scopes: what they may do.
    """

    member_id: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    scopes: list[str] | None = None


class MemberList(Listing[Member], kw_only=True):
    """The members of a project.

    Attributes:
        members: one by one.
    """

    _items: ClassVar[str] = "members"

    members: list[Member] | None = None


class ScopeList(Listing[str], kw_only=True):
    """What a member may do.

    Attributes:
        scopes: one by one.
    """

    _items: ClassVar[str] = "scopes"

    scopes: list[str] | None = None


class UpdateScope(Record, kw_only=True):
    """A member's new scope.

    Attributes:
        scope: ``member``, ``admin`` or ``owner``.
    """

    scope: str


class Invite(Record, kw_only=True):
    """An invitation that was not answered yet.

    Attributes:
        email: the address.
        scope: ``member``, ``admin`` or ``owner``.
    """

    email: str | None = None
    scope: str | None = None


class InviteList(Listing[Invite], kw_only=True):
    """The open invitations of a project.

    Attributes:
        invites: one by one.
    """

    _items: ClassVar[str] = "invites"

    invites: list[Invite] | None = None


class SendInvite(Record, kw_only=True):
    """Whom to invite, and as what: ``member``, ``admin`` or ``owner``.

    Attributes:
        email: the address.
        scope: ``member``, ``admin`` or ``owner``.
    """

    email: str
    scope: str
