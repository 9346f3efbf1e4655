"""``/v1/projects/{project_id}/requests`` and ``.../usage``: what was asked of the server, and sums over it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from itertools import groupby
from typing import Any, Final

from ...protocol.rest.usage import (
    PeriodOptions,
    RequestDetails,
    RequestPage,
    Resolution,
    Usage,
    UsageBreakdown,
    UsageBreakdownEntry,
    UsageEntry,
    UsageFields,
    UsageGrouping,
    UsageModel,
)
from .accounts import not_found
from .call import Handler, RestCall
from .history import DEPLOYMENT, Entry

__all__ = ["DAY", "HANDLERS", "period_of", "used_by"]

DAY: Final = Resolution(units="day", amount=1)
_LIMIT = 10


async def _requests(call: RestCall) -> RequestPage:
    limit, page = call.query.limit or _LIMIT, call.query.page or 0
    found = call.state.store.history.requests(call.project.project_id, call.query)
    return RequestPage(
        page=page,
        limit=limit,
        requests=[entry.info() for entry in found[page * limit : (page + 1) * limit]],
    )


async def _request(call: RestCall) -> RequestDetails:
    request_id = call.fields["request_id"]
    found = call.state.store.history.find(call.project.project_id, request_id)
    if found is None:
        raise not_found("request", request_id)
    return RequestDetails(request=found.info())


def used_by(call: RestCall) -> list[Entry]:
    """Return the requests that a call's filters leave, the oldest first."""
    return call.state.store.history.used(call.project.project_id, call.query)


def period_of(call: RestCall, entries: list[Entry]) -> tuple[date, date]:
    """Return the first and the last day of the period that a call asks about."""
    options: PeriodOptions = call.query
    today = call.state.store.clock().date()
    end = options.end or max(today, options.start or today)
    start = options.start or min((entry.day for entry in entries), default=min(today, end))
    return start, end


async def _summary(call: RestCall) -> Usage:
    entries = used_by(call)
    start, end = period_of(call, entries)
    days = groupby(sorted(entries, key=lambda entry: entry.day), key=lambda entry: entry.day)
    return Usage(
        start=start,
        end=end,
        resolution=DAY,
        results=[_day_entry(day, _Sums(list(of_day))) for day, of_day in days],
    )


async def _fields(call: RestCall) -> UsageFields:
    entries = used_by(call)
    return UsageFields(
        tags=_distinct(tag for entry in entries for tag in entry.tags),
        models=[UsageModel(name=model) for model in _distinct(_models(entries))],
        processing_methods=_distinct(entry.method for entry in entries),
        features=_distinct(feature for entry in entries for feature in entry.features),
        languages=_distinct(entry.language for entry in entries if entry.language),
    )


async def _breakdown(call: RestCall) -> UsageBreakdown:
    entries = used_by(call)
    start, end = period_of(call, entries)
    describe = _GROUPINGS[call.query.grouping]
    groups: dict[str, tuple[dict[str, Any], list[Entry]]] = {}
    for entry in entries:
        common = describe(entry)
        groups.setdefault(repr(common), (common, []))[1].append(entry)
    return UsageBreakdown(
        start=start,
        end=end,
        resolution=DAY,
        results=[
            _Sums(members).breakdown(UsageGrouping(start=start, end=end, **common))
            for common, members in groups.values()
        ],
    )


class _Sums:
    """What some requests used together."""

    def __init__(self, entries: list[Entry]) -> None:
        listened = [entry for entry in entries if entry.endpoint == "listen"]
        self.requests = len(entries)
        self.hours = sum(entry.used.audio_s for entry in listened) / 3600
        self.total_hours = sum(entry.used.audio_s * entry.used.channels for entry in listened) / 3600
        self.agent_hours = sum(entry.used.audio_s for entry in entries if entry.endpoint == "agent") / 3600
        self.tokens_in = sum(entry.used.tokens_in for entry in entries)
        self.tokens_out = sum(entry.used.tokens_out for entry in entries)
        self.characters = sum(entry.used.characters for entry in entries)
        self.spoken = sum(1 for entry in entries if entry.endpoint == "speak")

    def breakdown(self, grouping: UsageGrouping) -> UsageBreakdownEntry:
        return UsageBreakdownEntry(
            hours=self.hours,
            total_hours=self.total_hours,
            agent_hours=self.agent_hours,
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            tts_characters=self.characters,
            requests=self.requests,
            grouping=grouping,
        )


def _day_entry(day: date, sums: _Sums) -> UsageEntry:
    return UsageEntry(
        start=day,
        end=day,
        hours=sums.hours,
        total_hours=sums.total_hours,
        agent_hours=sums.agent_hours,
        requests=sums.requests,
        tokens={"in": sums.tokens_in, "out": sums.tokens_out},
        tts={"characters": sums.characters, "requests": sums.spoken},
    )


_GROUPINGS: Final[Mapping[str | None, Callable[[Entry], dict[str, Any]]]] = {
    None: lambda _: {},
    "accessor": lambda entry: {"accessor": entry.api_key_id},
    "endpoint": lambda entry: {"endpoint": entry.endpoint},
    "feature_set": lambda entry: {"feature_set": ",".join(entry.features)},
    "models": lambda entry: {"models": list(_models([entry]))},
    "method": lambda entry: {"method": entry.method},
    "tags": lambda entry: {"tags": sorted(entry.tags)},
    "deployment": lambda _: {"deployment": DEPLOYMENT},
}
"""What requests that are counted together have in common."""


def _models(entries: Iterable[Entry]) -> Iterable[str]:
    return (entry.used.model for entry in entries if entry.used.model)


def _distinct(values: Iterable[str]) -> list[str]:
    return sorted(set(values))


HANDLERS: Final[Mapping[str, Handler]] = {
    "manage.v1.requests.list": _requests,
    "manage.v1.requests.get": _request,
    "manage.v1.usage.summary": _summary,
    "manage.v1.usage.fields": _fields,
    "manage.v1.usage.breakdown": _breakdown,
}
"""What answers these calls."""
