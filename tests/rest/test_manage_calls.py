"""Management, tokens, self-hosting and stored agents: every call says what the specification asks for, and no more."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import date, datetime, timezone
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple, get_type_hints
from urllib.parse import parse_qsl, unquote, urlsplit

import anyio
import msgspec
import pytest

from deepgram_anyio.errors import ConfigError, NotFoundError, RemoteProtocolError
from deepgram_anyio.errors import TimeoutError as DeadlineError
from deepgram_anyio.protocol.agent import Settings
from deepgram_anyio.protocol.options import Options
from deepgram_anyio.protocol.rest.base import Response
from deepgram_anyio.protocol.rest.operations import OPERATIONS, operation
from deepgram_anyio.protocol.rest.projects import KeyListOptions
from deepgram_anyio.services.agent import Agent
from deepgram_anyio.services.auth import Auth
from deepgram_anyio.services.backend import Backend, CallParams
from deepgram_anyio.services.manage import Manage, billing, models, projects, usage
from deepgram_anyio.services.selfhosted import SelfHosted
from deepgram_anyio.transport.credentials import Credentials

from ..protocol.rest.openapi import body_properties, query_names
from ..rest_peer import Asked, Reply, RestPeer, json_reply, rest_peer
from . import agent_table, manage_table
from .cases import NOTHING, SECRET, Case

pytestmark = pytest.mark.anyio

CASES = [*manage_table.CASES, *agent_table.CASES]
GROUPS = ("manage.", "auth.", "selfhosted.", "agent.")


class Services:
    """The groups of a client."""

    def __init__(self, backend: Backend) -> None:
        self.manage = Manage(backend)
        self.auth = Auth(backend)
        self.selfhosted = SelfHosted(backend)
        self.agent = Agent(backend)

    def method(self, call: str) -> Callable[..., Any]:
        found: Callable[..., Any] = attrgetter(call.partition("(")[0])(self)
        return found


class Running(NamedTuple):
    dg: Services
    peer: RestPeer


@asynccontextmanager
async def running(answers: Reply | list[Reply] | Callable[[Asked], Any]) -> AsyncIterator[Running]:
    async with rest_peer(answers) as peer:
        backend = Backend(
            api_url=peer.url, agent_url=f"{peer.url}/agent-host", credentials=Credentials(api_key="the-key")
        )
        async with backend.http:
            yield Running(Services(backend), peer)


async def called(dg: Services, case: Case, **more: Any) -> Any:
    return await dg.method(case.call)(*case.args, **case.kwargs, **more)


# The table


def test_every_call_is_in_the_table() -> None:
    assert {case.call for case in CASES} == {op.call for op in OPERATIONS if op.call.startswith(GROUPS)}


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_call(case: Case) -> None:
    answer = {**case.answer, "not_documented": {"any": [1]}}
    async with running(json_reply(answer, dg_request_id="r-1")) as (dg, peer):
        result = await called(dg, case)
    (asked,) = peer.asked
    assert f"{asked.method} {asked.target}" == case.request
    assert asked.headers["authorization"] == "Token the-key"
    if case.body is NOTHING:
        assert asked.body == b""
        assert "content-type" not in asked.headers
    else:
        assert asked.headers["content-type"] == "application/json"
        assert asked.json() == case.body
    assert type(result) is operation(case.call).returns
    assert result.to_dict() == case.answer
    assert result.request_id == "r-1"
    assert result.raw_response.json() == answer


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_an_answer_that_says_little(case: Case) -> None:
    required = {name: case.answer[name] for name in case.required}
    async with running([json_reply(required), Reply(204)]) as (dg, _):
        result = await called(dg, case)
        assert {name for name in result.__struct_fields__ if getattr(result, name) is not None} == set(required)
        assert result.request_id is None
        if required:
            with pytest.raises(RemoteProtocolError, match=case.required[0]):
                await called(dg, case)
        else:
            assert (await called(dg, case)).to_dict() == {}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_requests_are_of_the_specification(case: Case) -> None:
    op = operation(case.call)
    method, _, target = case.request.partition(" ")
    path = urlsplit(target).path.removeprefix("/agent-host")
    assert method == op.method
    assert op.fill(_fields(case)) == path
    body = {} if case.body is NOTHING else case.body
    if op.body is not None:
        assert set(body) <= set(op.body.__struct_fields__)
        msgspec.convert(body, op.body)
    if case.call == "auth.v1.token_details":
        return  # is in no specification
    names = {name for name, _ in parse_qsl(urlsplit(target).query)}
    assert names <= query_names(op.method, op.path)
    if case.call != "manage.v1.keys.create":  # whose body the specification leaves empty
        known, required = body_properties(op.method, op.path)
        assert required <= set(body) <= known


def _bound(case: Case, dg: Services) -> inspect.BoundArguments:
    return inspect.signature(dg.method(case.call)).bind(*case.args, **case.kwargs)


def _fields(case: Case) -> dict[str, str]:
    services = Services(Backend(api_url="", agent_url="", credentials=Credentials()))
    arguments = _bound(case, services).arguments
    return {name: arguments[name] for name in operation(case.call).fields}


# Identifiers

IDENTIFIERS = [case for case in CASES if operation(case.call).fields]


@pytest.mark.parametrize("case", IDENTIFIERS, ids=str)
async def test_odd_identifiers(case: Case) -> None:
    odd = {name: f"{name}/ +?#%2F..@é\n&;.." for name in operation(case.call).fields}
    async with running(json_reply(case.answer)) as (dg, peer):
        bound = _bound(case, dg)
        bound.arguments.update(odd)
        await dg.method(case.call)(*bound.args, **bound.kwargs)
    (asked,) = peer.asked
    expected = operation(case.call).path
    assert [unquote(part) for part in asked.path.split("/")] == [
        odd.get(part[1:-1], part) for part in expected.split("/")
    ]


@pytest.mark.parametrize("case", IDENTIFIERS, ids=str)
async def test_identifiers_that_cannot_work(case: Case) -> None:
    async with running(json_reply(case.answer)) as (dg, peer):
        for name in operation(case.call).fields:
            for bad in ("", ".", "..", " a", 7, b"a", ["a"]):
                bound = _bound(case, dg)
                bound.arguments[name] = bad
                with pytest.raises(ConfigError, match=name):
                    await dg.method(case.call)(*bound.args, **bound.kwargs)
    assert peer.asked == []


# Options and what every call takes


@pytest.mark.parametrize(
    ("params", "options"),
    [
        (projects.ProjectParams, "manage.v1.projects.get"),
        (projects.KeyListParams, "manage.v1.keys.list"),
        (usage.RequestsParams, "manage.v1.requests.list"),
        (usage.PeriodParams, "manage.v1.usage.fields"),
        (usage.UsageParams, "manage.v1.usage.summary"),
        (usage.UsageBreakdownParams, "manage.v1.usage.breakdown"),
        (billing.BillingBreakdownParams, "manage.v1.billing.breakdown"),
        (usage.PeriodParams, "manage.v1.billing.fields"),
        (billing.PurchaseParams, "manage.v1.billing.purchases"),
        (models.ModelListParams, "manage.v1.models.list"),
    ],
)
def test_keywords_are_the_fields_of_the_options(params: type, options: str) -> None:
    query: type[Options] = operation(options).query
    own = set(get_type_hints(params)) - set(get_type_hints(CallParams))
    assert own == set(query.__struct_fields__)


async def test_keywords_win_over_the_struct() -> None:
    async with running(json_reply({})) as (dg, peer):
        await dg.manage.v1.keys.list("p", KeyListOptions(status="active"))
        await dg.manage.v1.keys.list("p", KeyListOptions(status="active"), status="expired")
        await dg.manage.v1.keys.list("p", KeyListOptions(status="active"), status=None)
    assert [asked.query for asked in peer.asked] == [[("status", "active")], [("status", "expired")], []]


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_what_every_call_takes(case: Case) -> None:
    async with running([json_reply({}, 503, retry_after="0"), json_reply(case.answer)]) as (dg, peer):
        result = await called(
            dg, case, timeout=60, max_retries=1, extra_query={"zz": [1, True]}, extra_headers={"X-Own": "yes"}
        )
        assert result.raw_response.attempts == 2
        with pytest.raises(ConfigError, match="zz"):
            await called(dg, case, zz=1)
    assert len(peer.asked) == 2
    for asked in peer.asked:
        assert asked.query[-2:] == [("zz", "1"), ("zz", "true")]
        assert asked.headers["x-own"] == "yes"


async def test_failures_are_passed_on() -> None:
    refusal = json_reply({"category": "PROJECT_NOT_FOUND", "message": "no such project"}, 404, dg_request_id="r-1")
    async with running(refusal) as (dg, _):
        with pytest.raises(NotFoundError) as caught:
            await dg.manage.v1.projects.get("p")
        assert (caught.value.message, caught.value.request_id) == ("no such project", "r-1")
    async with running(Reply(200, {"dg-request-id": "r-2"}, b"<html>")) as (dg, _):
        with pytest.raises(RemoteProtocolError, match="r-2"):
            await dg.manage.v1.projects.list()


async def test_a_deadline() -> None:
    async def never(asked: Asked) -> Reply:
        await anyio.sleep_forever()
        raise AssertionError

    async with running(never) as (dg, _):
        with pytest.raises(DeadlineError, match="GET /v1/projects"):
            await dg.manage.v1.projects.list(timeout=0.05)


# Arguments

NOON = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
NAIVE = datetime(2026, 1, 31, 12)  # noqa: DTZ001
KEY = {"project_id": "p", "comment": "c", "scopes": ["member"]}
DEEP: list[Any] = []
DEEP.append(DEEP)


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        ("manage.v1.projects.update", {"project_id": "p", "name": 7}, "name"),
        ("manage.v1.keys.list", {"project_id": "p", "status": 7}, "status"),
        ("manage.v1.keys.create", {**KEY, "comment": None}, "comment"),
        ("manage.v1.keys.create", {**KEY, "scopes": "member"}, "scopes"),
        ("manage.v1.keys.create", {**KEY, "scopes": []}, "at least one scope"),
        ("manage.v1.keys.create", {**KEY, "expiration_date": NAIVE}, "time zone"),
        ("manage.v1.keys.create", {**KEY, "expiration_date": "2026-01-31T12:00:00"}, "time zone"),
        ("manage.v1.keys.create", {**KEY, "time_to_live_in_seconds": 0}, "time_to_live_in_seconds"),
        ("manage.v1.keys.create", {**KEY, "expiration_date": NOON, "time_to_live_in_seconds": 1}, "exclude"),
        ("manage.v1.members.update_scope", {"project_id": "p", "member_id": "m", "scope": None}, "scope"),
        ("manage.v1.invites.send", {"project_id": "p", "email": None, "scope": "member"}, "email"),
        ("manage.v1.invites.send", {"project_id": "p", "email": "a\ud800", "scope": "member"}, "JSON"),
        ("manage.v1.requests.list", {"project_id": "p", "start": NAIVE}, "start needs a time zone"),
        ("manage.v1.requests.list", {"project_id": "p", "end": date(2026, 1, 31)}, "end"),
        ("manage.v1.requests.list", {"project_id": "p", "stauts": "failed"}, "did you mean 'status'"),
        ("manage.v1.usage.summary", {"project_id": "p", "start": NOON}, "start"),
        ("manage.v1.usage.summary", {"project_id": "p", "diarize": "maybe"}, "diarize"),
        ("manage.v1.usage.breakdown", {"project_id": "p", "options": KeyListOptions()}, "UsageBreakdownOptions"),
        ("manage.v1.billing.breakdown", {"project_id": "p", "grouping": 7}, "grouping"),
        ("manage.v1.models.list", {"project_id": ""}, "project_id"),
        ("auth.v1.grant_token", {"ttl_seconds": 0}, "ttl_seconds"),
        ("auth.v1.grant_token", {"ttl_seconds": 3601}, "ttl_seconds"),
        ("selfhosted.v1.credentials.create", {"project_id": "p", "scopes": 7}, "scopes"),
        ("selfhosted.v1.credentials.create", {"project_id": "p", "comment": 7}, "comment"),
        ("agent.v1.configurations.create", {"project_id": "p", "config": ["greeting"]}, "not list"),
        ("agent.v1.configurations.create", {"project_id": "p", "config": "[1]"}, "JSON object"),
        ("agent.v1.configurations.create", {"project_id": "p", "config": "greeting: Hi"}, "JSON object"),
        ("agent.v1.configurations.create", {"project_id": "p", "config": {"a": 1j}}, "JSON object"),
        ("agent.v1.configurations.create", {"project_id": "p", "config": {"a": DEEP}}, "JSON object"),
        ("agent.v1.configurations.create", {"project_id": "p", "config": {}, "metadata": {"a": 1}}, "metadata"),
        ("agent.v1.configurations.create", {"project_id": "p", "config": {}, "api_version": "1"}, "api_version"),
        ("agent.v1.configurations.update", {"project_id": "p", "agent_id": "a", "metadata": None}, "metadata"),
        ("agent.v1.variables.create", {"project_id": "p", "key": 7, "value": 1}, "key"),
        ("agent.v1.variables.create", {"project_id": "p", "key": "k", "value": 1j}, "JSON"),
        ("agent.v1.variables.update", {"project_id": "p", "variable_id": "v", "value": {1, 2j}}, "JSON"),
    ],
    ids=str,
)
async def test_arguments_that_cannot_work(call: str, arguments: dict[str, Any], message: str) -> None:
    async with running(json_reply({})) as (dg, peer):
        with pytest.raises(ConfigError, match=message):
            await dg.method(call)(**arguments)
    assert peer.asked == []


async def test_whole_settings_are_no_agent() -> None:
    settings: Any = Settings(audio={}, agent={"greeting": "Hi"})
    async with running(json_reply({})) as (dg, peer):
        with pytest.raises(ConfigError, match="agent"):
            await dg.agent.v1.configurations.create("p", settings)
    assert peer.asked == []


async def test_any_mapping_will_do() -> None:
    config: Mapping[str, Any] = MappingProxyType({"greeting": "Hi"})
    labels: Mapping[str, str] = MappingProxyType({"env": "test"})
    async with running(json_reply({"agent_id": "a"})) as (dg, peer):
        await dg.agent.v1.configurations.create("p", config, labels)
        await dg.agent.v1.configurations.update("p", "a", labels)
    assert [asked.json() for asked in peer.asked] == [
        {"config": '{"greeting":"Hi"}', "metadata": {"env": "test"}},
        {"metadata": {"env": "test"}},
    ]


# Answers


async def test_secrets_do_not_show(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    async with running(json_reply({"api_key_id": "k", "key": SECRET, "access_token": SECRET})) as (dg, _):
        key = await dg.manage.v1.keys.create("p", "c", ["member"])
        token = await dg.auth.v1.grant_token(30)
    assert key.key == token.access_token == SECRET
    for shown in (repr(key), str(key), repr(token), str(token), repr([key, {"token": token}]), caplog.text):
        assert SECRET not in shown


async def test_times_and_lists() -> None:
    key = {"created": "2026-01-31T13:00:00+01:00", "expiration_date": None}
    async with running(json_reply({"api_keys": [{"api_key": key}]})) as (dg, _):
        keys = await dg.manage.v1.keys.list("p")
    (listed,) = keys
    assert listed.api_key is not None
    assert listed.api_key.created == NOON
    assert listed.api_key.expiration_date is None
    assert isinstance(keys, Response)


async def test_the_answers_identifier_is_not_the_requests() -> None:
    async with running(json_reply({"request": {"request_id": "r-7"}}, dg_request_id="r-1")) as (dg, _):
        details = await dg.manage.v1.requests.get("p", "r-7")
    assert details.request is not None
    assert (details.request_id, details.request.request_id) == ("r-1", "r-7")
