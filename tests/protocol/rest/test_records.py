"""What every answer can do, and the rules of single ones."""

from __future__ import annotations

import copy
import pickle
from datetime import date, datetime, timezone
from typing import Any

import msgspec
import pytest

from deepgram_anyio.errors import ConfigError
from deepgram_anyio.protocol.options import merge_options, parse_query
from deepgram_anyio.protocol.rest.base import Confirmation, NoOptions, RawResponse, explicit_list, make_body
from deepgram_anyio.protocol.rest.billing import BillingBreakdownOptions, PurchaseList
from deepgram_anyio.protocol.rest.credentials import GrantedToken, GrantToken
from deepgram_anyio.protocol.rest.projects import (
    CreatedKey,
    CreateKey,
    Key,
    KeyDetails,
    KeyMember,
    Project,
    ProjectList,
    ScopeList,
)
from deepgram_anyio.protocol.rest.usage import PeriodOptions, RequestsOptions, UsageBreakdown, UsageOptions

NOON = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
NAIVE = datetime(2026, 1, 31, 12)  # noqa: DTZ001
SECRET = "dg-0123456789-secret"


def _raw(content: bytes = b"{}", **headers: str) -> RawResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return RawResponse(status=200, headers=named, content=content)


# Answers


def test_an_answer_knows_what_it_was_read_from() -> None:
    project = Project(name="a")
    assert project.raw_response is None
    assert project.request_id is None
    project.attach(_raw(b'{"new":1}', dg_request_id="r-1"))
    assert project.request_id == "r-1"
    assert project.raw_response is not None
    assert project.raw_response.json() == {"new": 1}
    assert project.raw_response.attempts == 1
    project.attach(_raw())
    assert project.request_id is None


def test_the_raw_answer_is_no_part_of_the_value() -> None:
    read, made = Project(name="a"), Project(name="a")
    read.attach(_raw(dg_request_id="r-1"))
    assert read == made
    assert repr(read) == repr(made)
    assert read.to_dict() == {"name": "a"}


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_answers_can_be_copied(copied: Any) -> None:
    key = CreatedKey(api_key_id="k", key=SECRET, expiration_date=NOON)
    assert copied(key) == key


def test_an_answer_that_is_no_json() -> None:
    with pytest.raises(msgspec.DecodeError):
        _raw(b"<html>").json()


def test_times_come_out_as_they_came_in() -> None:
    text = '{"orders":[{"expiration":"2026-01-31T12:00:00Z","created":"2025-01-31T12:00:00.250Z","amount":1.5}]}'
    purchases = msgspec.json.decode(text, type=PurchaseList)
    assert purchases[0].expiration == NOON
    assert purchases.to_json() == text
    days = '{"start":"2026-01-01","end":"2026-01-31","resolution":{"units":"day","amount":1.0},"results":[]}'
    usage = msgspec.json.decode(days, type=UsageBreakdown)
    assert usage.end == date(2026, 1, 31)
    assert usage.to_json() == days
    assert usage.to_dict()["start"] == "2026-01-01"


def test_a_listing_is_a_list() -> None:
    projects = ProjectList(projects=[Project(name="a"), Project(name="b")])
    assert [project.name for project in projects] == ["a", "b"]
    assert len(projects) == 2
    assert projects[-1].name == "b"
    assert projects.items is projects.projects
    with pytest.raises(IndexError):
        projects[2]


@pytest.mark.parametrize("answer", ["{}", '{"scopes":null}', '{"scopes":[]}'])
def test_a_listing_of_nothing(answer: str) -> None:
    scopes = msgspec.json.decode(answer, type=ScopeList)
    assert list(scopes) == []
    assert not scopes
    assert scopes.items == []


def test_what_is_missing_is_none_and_what_is_new_is_ignored() -> None:
    confirmation = msgspec.json.decode('{"done":true}', type=Confirmation)
    assert confirmation.message is None
    assert confirmation.to_json() == "{}"


def test_an_explicit_list_is_a_new_one() -> None:
    assert explicit_list() == []
    assert explicit_list() is not explicit_list()


# Keys and tokens


@pytest.mark.parametrize(
    "details",
    [
        {"item": {"member": {"email": "a@b.c", "api_key": {"api_key_id": "k"}}}},
        {"member": {"email": "a@b.c"}, "api_key": {"api_key_id": "k"}},
        {"member": {"email": "a@b.c", "api_key": {"api_key_id": "k"}}},
        {"item": {"member": {"email": "a@b.c"}}, "api_key": {"api_key_id": "k"}},
    ],
)
def test_a_key_is_found_in_either_form(details: dict[str, Any]) -> None:
    found = msgspec.convert(details, KeyDetails)
    assert found.owner is not None
    assert found.owner.email == "a@b.c"
    assert found.key == Key(api_key_id="k")


@pytest.mark.parametrize(
    ("details", "owner", "key"),
    [
        ({}, None, None),
        ({"item": {}}, None, None),
        ({"member": {}}, KeyMember(), None),
        ({"api_key": {}}, None, Key()),
    ],
)
def test_a_key_that_is_not_all_there(details: dict[str, Any], owner: KeyMember | None, key: Key | None) -> None:
    found = msgspec.convert(details, KeyDetails)
    assert (found.owner, found.key) == (owner, key)


def test_secrets_do_not_show() -> None:
    key = CreatedKey(api_key_id="k", key=SECRET, comment="c", scopes=["member"])
    token = GrantedToken(access_token=SECRET, expires_in=30)
    for shown in (repr(key), str(key), f"{key}", repr(token), str(token), repr([key, token])):
        assert SECRET not in shown
    assert repr(key) == "CreatedKey(api_key_id='k', comment='c', scopes=['member'])"
    assert repr(token) == "GrantedToken(expires_in=30)"
    assert key.to_dict()["key"] == token.to_dict()["access_token"] == SECRET


# Bodies


def _key(**values: Any) -> CreateKey:
    return make_body(CreateKey, **{"comment": "c", "scopes": ["member"], **values})


def test_a_body_is_made_of_arguments() -> None:
    assert _key(scopes=("a", "b"), tags=None) == CreateKey(comment="c", scopes=["a", "b"])
    assert _key(expiration_date="2026-01-31T12:00:00Z") == _key(expiration_date=NOON)
    for good in (_key(), _key(expiration_date=NOON), _key(time_to_live_in_seconds=1)):
        good.check()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"comment": None}, "comment"),
        ({"scopes": "member"}, "scopes"),
        ({"scopes": [1]}, "scopes"),
        ({"tags": "a"}, "tags"),
        ({"expiration_date": "tomorrow"}, "expiration_date"),
        ({"expiration_date": 1.5}, "expiration_date"),
        ({"time_to_live_in_seconds": 0}, "time_to_live_in_seconds"),
        ({"time_to_live_in_seconds": 1.5}, "time_to_live_in_seconds"),
        ({"time_to_live_in_seconds": True}, "time_to_live_in_seconds"),
    ],
    ids=str,
)
def test_arguments_of_the_wrong_kind(values: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigError, match=field):
        _key(**values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"scopes": []}, "scope"),
        ({"expiration_date": NAIVE}, "time zone"),
        ({"expiration_date": "2026-01-31T12:00:00"}, "time zone"),
        ({"expiration_date": NOON, "time_to_live_in_seconds": 60}, "exclude"),
    ],
    ids=str,
)
def test_keys_that_cannot_work(values: dict[str, Any], message: str) -> None:
    key = _key(**values)
    with pytest.raises(ConfigError, match=message):
        key.check()


@pytest.mark.parametrize("ttl_seconds", [0, -1, 3600.5, "30", True, float("nan")])
def test_tokens_that_cannot_work(ttl_seconds: Any) -> None:
    with pytest.raises(ConfigError, match="ttl_seconds"):
        make_body(GrantToken, ttl_seconds=ttl_seconds)


@pytest.mark.parametrize("ttl_seconds", [None, 0.5, 1, 3600])
def test_tokens_that_work(ttl_seconds: float | None) -> None:
    assert make_body(GrantToken, ttl_seconds=ttl_seconds).ttl_seconds == ttl_seconds


# Queries


def test_times_of_requests_need_a_zone() -> None:
    for name in ("start", "end"):
        assert getattr(parse_query(RequestsOptions, f"{name}=2026-01-31T12:00:00Z")[0], name) == NOON
        for naive in (NAIVE, "2026-01-31T12:00:00"):
            with pytest.raises(ConfigError, match=f"{name} needs a time zone"):
                merge_options(RequestsOptions, None, {name: naive})


@pytest.mark.parametrize("cls", [PeriodOptions, UsageOptions, BillingBreakdownOptions])
def test_periods_are_of_whole_days(cls: type[PeriodOptions]) -> None:
    options = merge_options(cls, None, {"start": "2026-01-01", "end": date(2026, 1, 31)})
    assert options.to_query() == "start=2026-01-01&end=2026-01-31"
    for other in (NOON, NAIVE, "2026-01-31T12:00:00Z"):
        with pytest.raises(ConfigError, match="start"):
            merge_options(cls, None, {"start": other})


def test_flags_count_what_used_a_feature() -> None:
    options = merge_options(UsageOptions, None, {"diarize": True, "smart_format": False, "keyterm": None})
    assert options.to_query() == "diarize=true&smart_format=false"


def test_no_options_is_an_empty_query() -> None:
    assert NoOptions().to_query() == ""
