"""What a project used: its requests, sums over them, and what one can filter by."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from ...errors import ConfigError
from ..options import Options
from .base import Listing, Record, Response

__all__ = [
    "FeatureFilters",
    "PeriodOptions",
    "RequestDetails",
    "RequestInfo",
    "RequestPage",
    "RequestsOptions",
    "Resolution",
    "Usage",
    "UsageBreakdown",
    "UsageBreakdownEntry",
    "UsageBreakdownOptions",
    "UsageEntry",
    "UsageFields",
    "UsageGrouping",
    "UsageModel",
    "UsageOptions",
]


class RequestInfo(Record, kw_only=True):
    """A request that the project made.

    Attributes:
        request_id: its identifier.
        project_uuid: the project.
        created: when it was made.
        path: the route, with the query.
        api_key_id: the key that it was made with.
        accessor: who made it.
        response: what was answered: status, details of the models and options, tokens.
        code: HTTP status.
        deployment: ``hosted``, ``beta`` or ``self-hosted``.
        callback: where the result went, or how that ended.
    """

    request_id: str | None = None
    project_uuid: str | None = None
    created: dt.datetime | None = None
    path: str | None = None
    api_key_id: str | None = None
    accessor: str | None = None
    response: dict[str, Any] | None = None
    code: float | None = None
    deployment: str | None = None
    callback: Any = None


class RequestPage(Listing[RequestInfo], kw_only=True):
    """A page of the requests of a project, the latest first.

    Attributes:
        page: which page, from 0.
        limit: entries on a page.
        requests: the entries.
    """

    _items: ClassVar[str] = "requests"

    page: float | None = None
    limit: float | None = None
    requests: list[RequestInfo] | None = None


class RequestDetails(Response, kw_only=True):
    """One request; `request_id` is the one of this answer, ``request.request_id`` the one asked about.

    Attributes:
        request: the request; None when there is none.
    """

    request: RequestInfo | None = None


class RequestsOptions(Options, frozen=True, kw_only=True):
    """Which requests to list.

    Attributes:
        start: not before this time, as a datetime or RFC 3339 text.
        end: not after this time.
        limit: entries on a page, 1 to 1000; 10.
        page: which page, from 0.
        accessor: only those made with this key.
        request_id: only this one.
        deployment: ``hosted``, ``beta`` or ``self-hosted``.
        endpoint: ``listen``, ``read``, ``speak`` or ``agent``.
        method: ``sync``, ``async`` (with a callback) or ``streaming``.
        status: ``succeeded`` or ``failed``.
    """

    start: dt.datetime | None = None
    end: dt.datetime | None = None
    limit: int | None = None
    page: int | None = None
    accessor: str | None = None
    request_id: str | None = None
    deployment: str | None = None
    endpoint: str | None = None
    method: str | None = None
    status: str | None = None

    def check(self) -> None:
        for name, moment in (("start", self.start), ("end", self.end)):
            if moment is not None and moment.tzinfo is None:
                raise ConfigError(f"{name} needs a time zone")


class PeriodOptions(Options, frozen=True, kw_only=True):
    """A period of whole days.

    Attributes:
        start: its first day, as a date or ``YYYY-MM-DD``.
        end: its last day.
    """

    start: dt.date | None = None
    end: dt.date | None = None


class FeatureFilters(PeriodOptions, frozen=True, kw_only=True):
    """What to count of a period.

    Each feature's flag counts only requests that used it when true, only those that did not when false, and all when
    None. The features are the parameters of the requests that are counted, under the same names.

    Attributes:
        start: the period's first day, as a date or ``YYYY-MM-DD``.
        end: its last day.
        accessor: only what was used with this key.
        deployment: ``hosted``, ``beta`` or ``self-hosted``.
        endpoint: ``listen``, ``read``, ``speak`` or ``agent``.
        method: ``sync``, ``async`` (with a callback) or ``streaming``.
        model: only this model, by its identifier.
        tag: only requests with this label.
    """

    accessor: str | None = None
    deployment: str | None = None
    endpoint: str | None = None
    method: str | None = None
    model: str | None = None
    tag: str | None = None
    alternatives: bool | None = None
    callback_method: bool | None = None
    callback: bool | None = None
    channels: bool | None = None
    custom_intent_mode: bool | None = None
    custom_intent: bool | None = None
    custom_topic_mode: bool | None = None
    custom_topic: bool | None = None
    detect_entities: bool | None = None
    detect_language: bool | None = None
    diarize: bool | None = None
    dictation: bool | None = None
    encoding: bool | None = None
    extra: bool | None = None
    filler_words: bool | None = None
    intents: bool | None = None
    keyterm: bool | None = None
    keywords: bool | None = None
    language: bool | None = None
    measurements: bool | None = None
    multichannel: bool | None = None
    numerals: bool | None = None
    paragraphs: bool | None = None
    profanity_filter: bool | None = None
    punctuate: bool | None = None
    redact: bool | None = None
    replace: bool | None = None
    sample_rate: bool | None = None
    search: bool | None = None
    sentiment: bool | None = None
    smart_format: bool | None = None
    summarize: bool | None = None
    topics: bool | None = None
    utt_split: bool | None = None
    utterances: bool | None = None
    version: bool | None = None


class UsageOptions(FeatureFilters, frozen=True, kw_only=True):
    """What to sum up."""


class UsageBreakdownOptions(FeatureFilters, frozen=True, kw_only=True):
    """What to sum up, and by what.

    Attributes:
        grouping: ``accessor``, ``endpoint``, ``feature_set``, ``models``, ``method``, ``tags`` or ``deployment``.
    """

    grouping: str | None = None


class Resolution(Record, kw_only=True):
    """How long the stretches are that a period is cut into, such as 1 ``day``.

    Attributes:
        units: such as ``day``.
        amount: how many of them.
    """

    units: str | None = None
    amount: float | None = None


class UsageEntry(Record, kw_only=True):
    """What was used in a stretch of a period.

    Attributes:
        start: its first day.
        end: its last day.
        hours: of audio transcribed.
        total_hours: of audio, each channel counted.
        agent_hours: of conversations with agents.
        requests: how many.
        tokens: read and written by language models.
        tts: characters spoken and requests.
    """

    start: dt.date | None = None
    end: dt.date | None = None
    hours: float | None = None
    total_hours: float | None = None
    agent_hours: float | None = None
    requests: float | None = None
    tokens: dict[str, Any] | None = None
    tts: dict[str, Any] | None = None


class Usage(Response, kw_only=True):
    """What was used in a period, in stretches of `resolution`.

    Attributes:
        start: first day of the period.
        end: last day of the period.
        resolution: how long the stretches are.
        results: entry by entry.
    """

    start: dt.date | None = None
    end: dt.date | None = None
    resolution: Resolution | None = None
    results: list[UsageEntry] | None = None


class UsageModel(Record, kw_only=True):
    """A model that was used.

    Attributes:
        name: its name.
        language: BCP-47 tag.
        version: its version.
        model_id: its identifier.
    """

    name: str | None = None
    language: str | None = None
    version: str | None = None
    model_id: str | None = None


class UsageFields(Response, kw_only=True):
    """What a project used in a period, and can hence filter by.

    Attributes:
        tags: labels of requests.
        models: models.
        processing_methods: such as ``sync`` and ``streaming``.
        features: names of features.
        languages: BCP-47 tags.
    """

    tags: list[str] | None = None
    models: list[UsageModel] | None = None
    processing_methods: list[str] | None = None
    features: list[str] | None = None
    languages: list[str] | None = None


class UsageGrouping(Record, kw_only=True):
    """What the requests of an entry have in common; None is what was not grouped by, or what is no group.

    Attributes:
        start: first day.
        end: last day.
        accessor: identifier of the key.
        endpoint: such as ``listen``.
        feature_set: the features.
        models: identifiers of models.
        method: such as ``streaming``.
        tags: labels of the requests.
        deployment: such as ``hosted``.
    """

    start: dt.date | None = None
    end: dt.date | None = None
    accessor: str | None = None
    endpoint: str | None = None
    feature_set: str | None = None
    models: list[str] | None = None
    method: str | None = None
    tags: list[str] | None = None
    deployment: str | None = None


class UsageBreakdownEntry(Record, kw_only=True):
    """What a group used.

    Attributes:
        hours: of audio transcribed.
        total_hours: of audio, each channel counted.
        agent_hours: of conversations with agents.
        tokens_in: read by language models.
        tokens_out: written by language models.
        tts_characters: spoken.
        requests: how many.
        grouping: what the group has in common.
    """

    hours: float | None = None
    total_hours: float | None = None
    agent_hours: float | None = None
    tokens_in: float | None = None
    tokens_out: float | None = None
    tts_characters: float | None = None
    requests: float | None = None
    grouping: UsageGrouping | None = None


class UsageBreakdown(Listing[UsageBreakdownEntry], kw_only=True):
    """What was used in a period, group by group.

    Attributes:
        start: first day of the period.
        end: last day of the period.
        resolution: how long the stretches are.
        results: entry by entry.
    """

    _items: ClassVar[str] = "results"

    start: dt.date | None = None
    end: dt.date | None = None
    resolution: Resolution | None = None
    results: list[UsageBreakdownEntry] | None = None
