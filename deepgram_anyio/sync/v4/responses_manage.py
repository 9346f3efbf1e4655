"""Answers of account management."""

from __future__ import annotations

from dataclasses import dataclass, field

from .base import BaseResponse

__all__ = [
    "Balance",
    "BalancesResponse",
    "Invite",
    "InvitesResponse",
    "Key",
    "KeyResponse",
    "KeysResponse",
    "Member",
    "MembersResponse",
    "Message",
    "ModelResponse",
    "ModelsResponse",
    "Project",
    "ProjectsResponse",
    "STTDetails",
    "ScopesResponse",
    "TTSDetails",
    "TTSMetadata",
]


@dataclass(eq=False, repr=False)
class Message(BaseResponse):
    """A confirmation."""

    message: str = ""


@dataclass(eq=False, repr=False)
class Project(BaseResponse):
    """A project."""

    project_id: str = ""
    name: str = ""


@dataclass(eq=False, repr=False)
class ProjectsResponse(BaseResponse):
    """Projects."""

    projects: list[Project] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class Key(BaseResponse):
    """An API key; `key`, the secret, only when it was created."""

    api_key_id: str = ""
    key: str | None = field(default=None, repr=False)
    comment: str | None = ""
    created: str = ""
    scopes: list[str] = field(default_factory=list)
    expiration_date: str = ""


@dataclass(eq=False, repr=False)
class Member(BaseResponse):
    """A member of a project."""

    email: str = ""
    first_name: str = ""
    last_name: str = ""
    member_id: str = ""


@dataclass(eq=False, repr=False)
class KeyResponse(BaseResponse):
    """An API key and its owner."""

    api_key: Key
    member: Member


@dataclass(eq=False, repr=False)
class KeysResponse(BaseResponse):
    """API keys."""

    api_keys: list[KeyResponse] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class MembersResponse(BaseResponse):
    """Members."""

    members: list[Member] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class ScopesResponse(BaseResponse):
    """What a member may do."""

    scopes: list[str] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class Invite(BaseResponse):
    """An invitation."""

    email: str = ""
    scope: str = ""


@dataclass(eq=False, repr=False)
class InvitesResponse(BaseResponse):
    """Invitations."""

    invites: list[Invite] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class STTDetails(BaseResponse):
    """A model that transcribes."""

    name: str = ""
    canonical_name: str = ""
    architecture: str = ""
    languages: list[str] = field(default_factory=list)
    version: str = ""
    uuid: str = ""
    batch: bool = False
    streaming: bool = False
    formatted_output: bool = False


@dataclass(eq=False, repr=False)
class TTSMetadata(BaseResponse):
    """What a voice is like."""

    accent: str = ""
    color: str = ""
    image: str = ""
    sample: str = ""
    tags: list[str] | None = None


@dataclass(eq=False, repr=False)
class TTSDetails(BaseResponse):
    """A model that speaks."""

    name: str = ""
    canonical_name: str = ""
    architecture: str = ""
    languages: list[str] = field(default_factory=list)
    version: str = ""
    uuid: str = ""
    metadata: TTSMetadata | None = None


@dataclass(eq=False, repr=False)
class ModelResponse(BaseResponse):
    """One model."""

    name: str = ""
    canonical_name: str = ""
    architecture: str = ""
    language: str = ""
    version: str = ""
    uuid: str = ""
    metadata: TTSMetadata | None = None


@dataclass(eq=False, repr=False)
class ModelsResponse(BaseResponse):
    """All models."""

    stt: list[STTDetails] = field(default_factory=list)
    tts: list[TTSDetails] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class Balance(BaseResponse):
    """Credit."""

    balance_id: str = ""
    amount: str = ""
    units: str = ""
    purchase_order_id: str = ""


@dataclass(eq=False, repr=False)
class BalancesResponse(BaseResponse):
    """Balances."""

    balances: list[Balance] = field(default_factory=list)
