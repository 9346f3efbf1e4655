"""The management calls."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from .cases import DONE, MEMBER, PROJECT, SECRET, TIME, Case, case

__all__ = ["CASES"]

_NOON = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
_PERIOD = {"start": "2026-01-01", "end": "2026-01-31"}
_RESOLUTION = {"units": "day", "amount": 1.0}
_KEY = {"api_key_id": "k", "comment": "ci", "scopes": ["member"], "created": TIME}
_REQUEST = {
    "request_id": "r-7",
    "project_uuid": "p",
    "created": TIME,
    "path": "/v1/listen?model=nova-3",
    "api_key_id": "k",
    "response": {"details": {"usd": 0.5}},
    "code": 200,
    "deployment": "hosted",
    "callback": "https://example.org",
}
_STT = {
    "name": "nova",
    "canonical_name": "nova-3",
    "architecture": "nova-3",
    "languages": ["en", "en-US"],
    "version": "2024-01-01.1",
    "uuid": "u",
    "batch": True,
    "streaming": False,
    "formatted_output": True,
}
_TTS = {
    "name": "thalia",
    "canonical_name": "aura-2-thalia-en",
    "uuid": "v",
    "metadata": {"accent": "American", "age": "Adult", "color": "#fff", "tags": ["feminine"], "use_cases": ["IVR"]},
}
_BALANCE = {"balance_id": "b", "amount": 1.5, "units": "usd", "purchase_order_id": "o"}

_PROJECTS = [
    case("manage.v1.projects.list", to="GET /v1/projects", gives={"projects": [{"project_id": "p", "name": "n"}]}),
    case(
        "manage.v1.projects.get",
        "p/1",
        to=f"GET {PROJECT}",
        gives={"project_id": "p", "name": "n", "mip_opt_out": True},
    ),
    case(
        "manage.v1.projects.get", "p/1", limit=5, page=1, to=f"GET {PROJECT}?limit=5&page=1", gives={"project_id": "p"}
    ),
    case("manage.v1.projects.update", "p/1", name="new", to=f"PATCH {PROJECT}", body={"name": "new"}, gives=DONE),
    case("manage.v1.projects.update", "p/1", to=f"PATCH {PROJECT}", body={}, gives=DONE),
    case("manage.v1.projects.delete", "p/1", to=f"DELETE {PROJECT}", gives=DONE),
    case("manage.v1.projects.leave", "p/1", to=f"DELETE {PROJECT}/leave", gives=DONE),
    case(
        "manage.v1.keys.list",
        "p/1",
        to=f"GET {PROJECT}/keys",
        gives={"api_keys": [{"member": MEMBER, "api_key": _KEY}]},
    ),
    case("manage.v1.keys.list", "p/1", status="active", to=f"GET {PROJECT}/keys?status=active", gives={"api_keys": []}),
    case(
        "manage.v1.keys.get",
        "p/1",
        "k 2",
        to=f"GET {PROJECT}/keys/k%202",
        gives={"item": {"member": {**MEMBER, "first_name": "Ann", "last_name": "B", "api_key": _KEY}}},
    ),
    case(
        "manage.v1.keys.create",
        "p/1",
        "ci",
        ["member"],
        to=f"POST {PROJECT}/keys",
        body={"comment": "ci", "scopes": ["member"]},
        gives={
            "api_key_id": "k",
            "key": SECRET,
            "comment": "ci",
            "scopes": ["member"],
            "tags": ["a"],
            "expiration_date": TIME,
        },
    ),
    case(
        "manage.v1.keys.create",
        "p/1",
        comment="ci",
        scopes=("a", "b"),
        tags=("x",),
        expiration_date=_NOON.astimezone(timezone(timedelta(hours=2))),
        to=f"POST {PROJECT}/keys",
        body={"comment": "ci", "scopes": ["a", "b"], "tags": ["x"], "expiration_date": "2026-01-31T14:00:00+02:00"},
        gives={"api_key_id": "k", "key": SECRET},
    ),
    case(
        "manage.v1.keys.create",
        "p/1",
        "ci",
        ["member"],
        time_to_live_in_seconds=60,
        to=f"POST {PROJECT}/keys",
        body={"comment": "ci", "scopes": ["member"], "time_to_live_in_seconds": 60},
        gives={"api_key_id": "k", "key": SECRET},
    ),
    case("manage.v1.keys.delete", "p/1", "k 2", to=f"DELETE {PROJECT}/keys/k%202", gives=DONE),
]

_PEOPLE = [
    case(
        "manage.v1.members.list",
        "p/1",
        to=f"GET {PROJECT}/members",
        gives={"members": [{**MEMBER, "first_name": "Ann", "last_name": "B", "scopes": ["owner"]}]},
    ),
    case("manage.v1.members.remove", "p/1", "m?", to=f"DELETE {PROJECT}/members/m%3F", gives=DONE),
    case(
        "manage.v1.members.scopes",
        "p/1",
        "m?",
        to=f"GET {PROJECT}/members/m%3F/scopes",
        gives={"scopes": ["admin", "x"]},
    ),
    case(
        "manage.v1.members.update_scope",
        "p/1",
        "m?",
        "admin",
        to=f"PUT {PROJECT}/members/m%3F/scopes",
        body={"scope": "admin"},
        gives=DONE,
    ),
    case(
        "manage.v1.invites.list",
        "p/1",
        to=f"GET {PROJECT}/invites",
        gives={"invites": [{"email": "bob@example.org", "scope": "member"}]},
    ),
    case(
        "manage.v1.invites.send",
        "p/1",
        "bob+dg@example.org",
        "member",
        to=f"POST {PROJECT}/invites",
        body={"email": "bob+dg@example.org", "scope": "member"},
        gives=DONE,
    ),
    case(
        "manage.v1.invites.delete",
        "p/1",
        "bob+d/g@example.org",
        to=f"DELETE {PROJECT}/invites/bob%2Bd%2Fg@example.org",
        gives=DONE,
    ),
]

_USAGE = [
    case(
        "manage.v1.requests.list",
        "p/1",
        start=_NOON,
        end="2026-01-31T13:00:00.5Z",
        limit=100,
        page=2,
        accessor="k",
        request_id="r-7",
        deployment="hosted",
        endpoint="listen",
        method="sync",
        status="failed",
        to=f"GET {PROJECT}/requests?start=2026-01-31T12%3A00%3A00Z&end=2026-01-31T13%3A00%3A00.500Z&limit=100&page=2"
        "&accessor=k&request_id=r-7&deployment=hosted&endpoint=listen&method=sync&status=failed",
        gives={"page": 2, "limit": 100, "requests": [_REQUEST]},
    ),
    case("manage.v1.requests.get", "p/1", "r-7", to=f"GET {PROJECT}/requests/r-7", gives={"request": _REQUEST}),
    case(
        "manage.v1.usage.summary",
        "p/1",
        start=date(2026, 1, 1),
        end="2026-01-31",
        endpoint="agent",
        diarize=True,
        smart_format=False,
        to=f"GET {PROJECT}/usage?start=2026-01-01&end=2026-01-31&endpoint=agent&diarize=true&smart_format=false",
        gives={
            **_PERIOD,
            "resolution": _RESOLUTION,
            "results": [{**_PERIOD, "hours": 1.5, "requests": 3, "tokens": {"in": 1, "out": 2}}],
        },
    ),
    case(
        "manage.v1.usage.fields",
        "p/1",
        **_PERIOD,
        to=f"GET {PROJECT}/usage/fields?start=2026-01-01&end=2026-01-31",
        gives={
            "tags": ["t"],
            "models": [{"name": "n", "language": "en", "version": "1", "model_id": "u"}],
            "processing_methods": ["sync"],
            "features": ["diarize"],
        },
    ),
    case(
        "manage.v1.usage.breakdown",
        "p/1",
        grouping="models",
        tag="a&b",
        to=f"GET {PROJECT}/usage/breakdown?tag=a%26b&grouping=models",
        gives={
            **_PERIOD,
            "resolution": _RESOLUTION,
            "results": [{"hours": 1.5, "tts_characters": 9, "grouping": {**_PERIOD, "models": ["u"], "tags": ["t"]}}],
        },
    ),
    case("manage.v1.billing.balances", "p/1", to=f"GET {PROJECT}/balances", gives={"balances": [_BALANCE]}),
    case("manage.v1.billing.balance", "p/1", "b#", to=f"GET {PROJECT}/balances/b%23", gives=_BALANCE),
    case(
        "manage.v1.billing.breakdown",
        "p/1",
        start="2026-01-01",
        line_item="streaming::nova-3",
        grouping=("accessor", "tags"),
        to=f"GET {PROJECT}/billing/breakdown"
        "?start=2026-01-01&line_item=streaming%3A%3Anova-3&grouping=accessor&grouping=tags",
        gives={
            **_PERIOD,
            "resolution": _RESOLUTION,
            "results": [{"dollars": 0.25, "grouping": {**_PERIOD, "line_item": "streaming::nova-3", "tags": ["t"]}}],
        },
    ),
    case(
        "manage.v1.billing.fields",
        "p/1",
        end=date(2026, 1, 31),
        to=f"GET {PROJECT}/billing/fields?end=2026-01-31",
        gives={"accessors": ["k"], "deployments": ["hosted"], "tags": ["t"], "line_items": {"a::b": "A B"}},
    ),
    case(
        "manage.v1.billing.purchases",
        "p/1",
        limit=3,
        to=f"GET {PROJECT}/purchases?limit=3",
        gives={
            "orders": [
                {"order_id": "o", "expiration": TIME, "created": TIME, "amount": 150, "order_type": "promotional"}
            ]
        },
    ),
    case("manage.v1.models.list", to="GET /v1/models", gives={"stt": [_STT], "tts": [_TTS]}),
    case(
        "manage.v1.models.list(project_id=)",
        project_id="p/1",
        include_outdated=True,
        to=f"GET {PROJECT}/models?include_outdated=true",
        gives={"stt": [_STT], "tts": []},
    ),
    case("manage.v1.models.get", "u", to="GET /v1/models/u", gives=_STT),
    case("manage.v1.models.get(project_id=)", "v", project_id="p/1", to=f"GET {PROJECT}/models/v", gives=_TTS),
]


CASES: list[Case] = [*_PROJECTS, *_PEOPLE, *_USAGE]
