"""Every call of v4's management: what goes over the wire, and what becomes of the answer, blocking and async."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from deepgram_anyio import ConfigError, DeepgramError
from deepgram_anyio.sync.v4.auth import TokenDetailsResponse
from deepgram_anyio.sync.v4.manage import AsyncManageClient, ManageClient, ModelOptions
from deepgram_anyio.sync.v4.options_manage import (
    InviteOptions,
    KeyOptions,
    ProjectOptions,
    ScopeOptions,
    UsageFieldsOptions,
    UsageRequestOptions,
    UsageSummaryOptions,
)
from deepgram_anyio.sync.v4.responses_manage import Balance, Key, Message, ModelsResponse, Project, ProjectsResponse
from deepgram_anyio.sync.v4.responses_usage import UsageRequest

from ..rest_peer import json_reply
from .v4_rest_support import Case, check_asked, holds, peer_of, peer_within, reply_of

P = "/v1/projects/p1"
MODELS: dict[str, Any] = {"stt": [{"name": "nova"}], "tts": []}
REQUEST = {"request_id": "r1", "response": {"code": 200}, "more": [1]}

CASES = [
    Case("get_projects", (), "GET", "/v1/projects", answer={"projects": [{"project_id": "p1", "name": "A"}]}),
    Case("list_projects", (), "GET", "/v1/projects", answer={"projects": []}),
    Case("get_project", ("p1",), "GET", P, answer={"project_id": "p1", "name": "A", "mip_opt_out": False}),
    Case("update_project", ("p1", "B"), "PATCH", P, body={"name": "B"}, answer={"message": "done"}),
    Case("update_project", ("p1", {"name": "B"}), "PATCH", P, body={"name": "B"}),
    Case("update_project", ("p1", ProjectOptions(name="B")), "PATCH", P, body={"name": "B"}),
    Case("update_project_option", ("p1", {"name": "B"}), "PATCH", P, body={"name": "B"}),
    Case("update_project_option", ("p1", ProjectOptions(name="B")), "PATCH", P, body={"name": "B"}),
    Case("delete_project", ("p1",), "DELETE", P),
    Case("get_project_models", ("p1",), "GET", f"{P}/models", answer=MODELS),
    Case(
        "list_project_models", ("p1", {"include_outdated": True}), "GET", f"{P}/models", [("include_outdated", "true")]
    ),
    Case("get_project_model", ("p1", "m/1"), "GET", f"{P}/models/m%2F1"),
    Case("get_models", (), "GET", "/v1/models", answer=MODELS),
    Case("list_models", (ModelOptions(include_outdated=True),), "GET", "/v1/models", [("include_outdated", "true")]),
    Case("get_model", ("m1",), "GET", "/v1/models/m1"),
    Case("get_keys", ("p1",), "GET", f"{P}/keys", answer={"api_keys": []}),
    Case("list_keys", ("p1",), "GET", f"{P}/keys"),
    Case("get_key", ("p1", "k1"), "GET", f"{P}/keys/k1"),
    Case(
        "create_key",
        ("p1", KeyOptions(comment="c", scopes=["member"])),
        "POST",
        f"{P}/keys",
        body={"comment": "c", "scopes": ["member"]},
        answer={"api_key_id": "k1", "key": "secret"},
    ),
    Case("create_key", ("p1", {"comment": "c"}), "POST", f"{P}/keys", body={"comment": "c"}),
    Case("delete_key", ("p1", "k1"), "DELETE", f"{P}/keys/k1"),
    Case("get_members", ("p1",), "GET", f"{P}/members", answer={"members": []}),
    Case("list_members", ("p1",), "GET", f"{P}/members"),
    Case("remove_member", ("p1", "m1"), "DELETE", f"{P}/members/m1"),
    Case("get_member_scopes", ("p1", "m1"), "GET", f"{P}/members/m1/scopes", answer={"scopes": ["owner"]}),
    Case(
        "update_member_scope",
        ("p1", "m1", {"scope": "admin"}),
        "PUT",
        f"{P}/members/m1/scopes",
        body={"scope": "admin"},
    ),
    Case(
        "update_member_scope",
        ("p1", "m1", ScopeOptions(scope="admin")),
        "PUT",
        f"{P}/members/m1/scopes",
        body={"scope": "admin"},
    ),
    Case("get_invites", ("p1",), "GET", f"{P}/invites", answer={"invites": []}),
    Case("list_invites", ("p1",), "GET", f"{P}/invites"),
    Case("send_invite", ("p1", "a@b.c"), "POST", f"{P}/invites", body={"email": "a@b.c", "scope": "member"}),
    Case("send_invite", ("p1", "a@b.c", "admin"), "POST", f"{P}/invites", body={"email": "a@b.c", "scope": "admin"}),
    Case(
        "send_invite",
        ("p1", InviteOptions(email="a@b.c", scope="admin")),
        "POST",
        f"{P}/invites",
        body={"email": "a@b.c", "scope": "admin"},
    ),
    Case("send_invite_options", ("p1", {"email": "a@b.c"}), "POST", f"{P}/invites", body={"email": "a@b.c"}),
    Case("delete_invite", ("p1", "a@b.c"), "DELETE", f"{P}/invites/a@b.c"),
    Case("leave_project", ("p1",), "DELETE", f"{P}/leave"),
    Case("get_usage_requests", ("p1",), "GET", f"{P}/requests", answer={"page": 0, "limit": 10, "requests": [REQUEST]}),
    Case(
        "get_usage_requests",
        ("p1", UsageRequestOptions(limit=3, status="failed")),
        "GET",
        f"{P}/requests",
        [("limit", "3"), ("status", "failed")],
    ),
    Case("get_usage_request", ("p1", "r1"), "GET", f"{P}/requests/r1", answer=REQUEST),
    Case("get_usage_summary", ("p1",), "GET", f"{P}/usage", answer={"results": []}),
    Case(
        "get_usage_summary",
        ("p1", UsageSummaryOptions(tag="t", diarize=True)),
        "GET",
        f"{P}/usage",
        [("tag", "t"), ("diarize", "true")],
    ),
    Case("get_usage_fields", ("p1",), "GET", f"{P}/usage/fields"),
    Case(
        "get_usage_fields",
        ("p1", UsageFieldsOptions(start="2024-01-01")),
        "GET",
        f"{P}/usage/fields",
        [("start", "2024-01-01")],
    ),
    Case("get_balances", ("p1",), "GET", f"{P}/balances", answer={"balances": []}),
    Case("list_balances", ("p1",), "GET", f"{P}/balances"),
    Case("get_balance", ("p1", "b1"), "GET", f"{P}/balances/b1", answer={"balance_id": "b1", "amount": 1.5}),
    Case("get_token_details", (), "GET", "/v1/auth/token", answer={"api_key_id": "k1", "scopes": ["owner"], "new": 1}),
]
each_case = pytest.mark.parametrize("case", CASES, ids=[f"{index}-{case.name}" for index, case in enumerate(CASES)])


def test_cases_cover_every_call() -> None:
    generic = {"get", "post", "put", "patch", "delete", "post_raw", "post_memory"}
    for client in (ManageClient, AsyncManageClient):
        public = {name for name in dir(client) if not name.startswith("_")}
        assert public - generic == {case.name for case in CASES}


@each_case
def test_blocking(case: Case) -> None:
    with peer_of(reply_of(case)) as (config, peer):
        answer = getattr(ManageClient(config), case.name)(*case.args)
    check_asked(case, peer)
    assert holds(answer.to_dict(), case.answer or {})


@pytest.mark.anyio
@each_case
async def test_async(case: Case) -> None:
    async with peer_within(reply_of(case)) as (config, peer):
        answer = await getattr(AsyncManageClient(config), case.name)(*case.args)
    check_asked(case, peer)
    assert holds(answer.to_dict(), case.answer or {})


@pytest.mark.parametrize(
    ("name", "args", "returns"),
    [
        ("get_projects", (), ProjectsResponse),
        ("get_project", ("p1",), Project),
        ("delete_project", ("p1",), Message),
        ("create_key", ("p1", {}), Key),
        ("get_models", (), ModelsResponse),
        ("get_token_details", (), TokenDetailsResponse),
    ],
)
def test_returns_the_classes_of_v4(name: str, args: tuple[Any, ...], returns: type) -> None:
    with peer_of(json_reply({})) as (config, _):
        assert type(getattr(ManageClient(config), name)(*args)) is returns


def test_a_balance_without_its_name_is_the_first() -> None:
    balances = {"balances": [{"balance_id": "b1", "amount": 2}, {"balance_id": "b2"}]}
    with peer_of([json_reply(balances), json_reply({"balances": []})]) as (config, peer):
        client = ManageClient(config)
        balance = client.get_balance("p1")
        assert isinstance(balance, Balance)
        assert balance.balance_id == "b1"
        assert balance.eval("amount") == "2"
        with pytest.raises(DeepgramError, match="no balance"):
            client.get_balance("p1")
    assert [asked.path for asked in peer.asked] == [f"{P}/balances"] * 2


def test_a_request_that_is_not_answered_yet() -> None:
    with (
        peer_of([json_reply({"request_id": "r1"}), json_reply(REQUEST)]) as (config, _),
        pytest.raises(DeepgramError, match="no response yet"),
    ):
        ManageClient(config).get_usage_request("p1", "r1")
    with peer_of(json_reply(REQUEST)) as (config, _):
        request = ManageClient(config).get_usage_request("p1", "r1")
    assert isinstance(request, UsageRequest)
    assert request["more"] == [1]


def test_every_call_takes_what_v4_takes_in_its_order() -> None:
    for case in CASES:
        names = list(inspect.signature(getattr(ManageClient, case.name)).parameters)
        assert names[-4:] == ["timeout", "addons", "headers", "kwargs"]


def test_addons_and_headers_of_a_call() -> None:
    with peer_of(json_reply({})) as (config, peer):
        ManageClient(config).get_keys("p1", None, {"status": "active"}, {"X-Trace": "1"})
        ManageClient(config).get_keys("p1")
    first, second = peer.asked
    assert (first.query, first.headers["x-trace"]) == ([("status", "active")], "1")
    assert second.query == []
    assert "x-trace" not in second.headers


@pytest.mark.parametrize("project_id", ["", "..", " p", None, 7])
def test_an_identifier_that_cannot_stand_in_a_path(project_id: Any) -> None:
    with peer_of(json_reply({})) as (config, peer), pytest.raises(ConfigError, match="project_id"):
        ManageClient(config).get_keys(project_id)
    assert peer.asked == []
