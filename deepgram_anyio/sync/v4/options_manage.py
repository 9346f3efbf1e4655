"""Options of account management."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .base import BaseResponse

__all__ = [
    "InviteOptions",
    "KeyOptions",
    "ProjectOptions",
    "ScopeOptions",
    "UsageFieldsOptions",
    "UsageRequestOptions",
    "UsageSummaryOptions",
]


@dataclass(eq=False, repr=False)
class ProjectOptions(BaseResponse):
    """The new name of a project."""

    name: str = ""


@dataclass(eq=False, repr=False)
class KeyOptions(BaseResponse):
    """A key to create. It expires on a date, or after some seconds, or never.

    Attributes:
        comment: what it is for.
        expiration_date: an ISO 8601 time; empty for none.
        time_to_live_in_seconds: seconds from now; -1 for none.
        scopes: what it is good for, such as ``usage:write``.
        tags: labels.
    """

    _unsent: ClassVar[Mapping[str, Any]] = {"expiration_date": "", "time_to_live_in_seconds": -1}

    comment: str | None = ""
    expiration_date: str | None = ""
    time_to_live_in_seconds: int | None = -1
    scopes: list[str] = field(default_factory=list)
    tags: list[str] | None = None


@dataclass(eq=False, repr=False)
class ScopeOptions(BaseResponse):
    """What a member may do from now on."""

    scope: str = ""


@dataclass(eq=False, repr=False)
class InviteOptions(BaseResponse):
    """Whom to invite, and to what."""

    email: str = ""
    scope: str = ""


@dataclass(eq=False, repr=False)
class UsageRequestOptions(BaseResponse):
    """Which requests to list."""

    start: str | None = None
    end: str | None = None
    limit: int | None = None
    status: str | None = None


@dataclass(eq=False, repr=False)
class UsageSummaryOptions(BaseResponse):
    """Which usage to sum up."""

    start: str | None = None
    end: str | None = None
    accessor: str | None = None
    tag: str | None = None
    method: str | None = None
    model: str | None = None
    multichannel: bool | None = None
    interim_results: bool | None = None
    punctuate: bool | None = None
    ner: bool | None = None
    utterances: bool | None = None
    replace: bool | None = None
    profanity_filter: bool | None = None
    keywords: bool | None = None
    detect_topics: bool | None = None
    diarize: bool | None = None
    search: bool | None = None
    redact: bool | None = None
    alternatives: bool | None = None
    numerals: bool | None = None
    smart_format: bool | None = None


@dataclass(eq=False, repr=False)
class UsageFieldsOptions(BaseResponse):
    """The period to look at.

    Attributes:
        start: a date, such as ``2024-01-31``; empty for the beginning.
        end: a date; empty for today.
    """

    _unsent: ClassVar[Mapping[str, Any]] = {"start": "", "end": ""}

    start: str | None = ""
    end: str | None = ""
