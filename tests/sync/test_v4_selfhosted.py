"""v4's calls for the self-hosted distribution and for tokens."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest

from deepgram_anyio import ConfigError
from deepgram_anyio.sync.loop import event_loop_thread
from deepgram_anyio.sync.v4.auth import AsyncAuthRESTClient, AuthRESTClient
from deepgram_anyio.sync.v4.errors import DeepgramTypeError
from deepgram_anyio.sync.v4.selfhosted import (
    AsyncOnPremClient,
    AsyncSelfHostedClient,
    CredentialsText,
    OnPremClient,
    SelfHostedClient,
)

from ..rest_peer import json_reply
from .v4_rest_support import Case, check_asked, config_of, peer_of, peer_within, reply_of

P = "/v1/projects/p1/self-hosted/distribution/credentials"
ENTRY = {"member": {"email": "a@b.c"}, "distribution_credentials": {"provider": "quay", "comment": "c"}}
OPTIONS = {"comment": "c", "scopes": ["self-hosted:products", "x"], "provider": "quay"}

CASES = [
    Case(f"{verb}_{kind}_credentials", args, method, path, query, body, answer)
    for kind in ("selfhosted", "onprem")
    for verb, args, method, path, query, body, answer in [
        ("list", ("p1",), "GET", P, [], None, {"distribution_credentials": [ENTRY]}),
        ("get", ("p1", "c1"), "GET", f"{P}/c1", [], None, ENTRY),
        ("create", ("p1", {"comment": "c"}), "POST", P, [], {"comment": "c"}, ENTRY),
        (
            "create",
            ("p1", OPTIONS),
            "POST",
            P,
            [("scopes", "self-hosted:products"), ("scopes", "x"), ("provider", "quay")],
            {"comment": "c"},
            ENTRY,
        ),
        ("delete", ("p1", "c1"), "DELETE", f"{P}/c1", [], None, ENTRY),
    ]
]
each_case = pytest.mark.parametrize("case", CASES, ids=[f"{index}-{case.name}" for index, case in enumerate(CASES)])


@each_case
def test_blocking(case: Case) -> None:
    with peer_of(reply_of(case)) as (config, peer):
        answer = getattr(SelfHostedClient(config), case.name)(*case.args)
    check_asked(case, peer)
    assert json.loads(answer) == answer.to_dict() == case.answer


@pytest.mark.anyio
@each_case
async def test_async(case: Case) -> None:
    async with peer_within(reply_of(case)) as (config, peer):
        answer = await getattr(AsyncSelfHostedClient(config), case.name)(*case.args)
    check_asked(case, peer)
    assert json.loads(answer) == answer.to_dict() == case.answer


def test_the_caller_s_options_stay_as_they_are() -> None:
    options: dict[str, Any] = dict(OPTIONS)
    with peer_of(json_reply(ENTRY)) as (config, _):
        OnPremClient(config).create_selfhosted_credentials("p1", options)
    assert options == OPTIONS
    assert (OnPremClient, AsyncOnPremClient) == (SelfHostedClient, AsyncSelfHostedClient)


def test_more_about_a_call_is_among_its_keywords() -> None:
    with peer_of(json_reply({})) as (config, peer):
        client = SelfHostedClient(config)
        client.list_selfhosted_credentials("p1", 5.0, addons={"a": 1}, headers={"X-Trace": "2"})
        with pytest.raises(DeepgramTypeError, match="unexpected argument 'colour'"):
            client.list_selfhosted_credentials("p1", colour="red")
    (asked,) = peer.asked
    assert (asked.query, asked.headers["x-trace"]) == ([("a", "1")], "2")


def test_an_answer_is_text_and_data() -> None:
    with peer_of(json_reply(ENTRY)) as (config, _):
        answer = SelfHostedClient(config).get_selfhosted_credentials("p1", "c1")
    assert isinstance(answer, str)
    assert answer[0] == "{"
    assert answer["member"] == answer.member == {"email": "a@b.c"}
    assert answer.eval("distribution_credentials.provider") == "quay"
    assert json.loads(answer.to_json()) == ENTRY
    with pytest.raises(AttributeError):
        _ = answer.nothing_like_it
    for same in (copy.copy(answer), copy.deepcopy(answer), pickle.loads(pickle.dumps(answer))):
        assert (type(same), same, same["member"]) == (CredentialsText, answer, answer["member"])


@pytest.mark.parametrize(("ttl", "body"), [(None, b""), (60, b'{"ttl_seconds":60}'), (3600, b'{"ttl_seconds":3600}')])
@pytest.mark.parametrize(
    ("credential", "authorization"),
    [({"api_key": "key-1"}, "Token key-1"), ({"api_key": "", "access_token": "token-1"}, "Bearer token-1")],
)
def test_grant_token(ttl: int | None, body: bytes, credential: dict[str, Any], authorization: str) -> None:
    with peer_of(json_reply({"access_token": "t.1", "expires_in": 30}), **credential) as (config, peer):
        before = dict(config.headers)
        answer = AuthRESTClient(config).grant_token(ttl)
        assert config.headers == before
    (asked,) = peer.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/v1/auth/grant", body)
    assert asked.headers["authorization"] == authorization
    assert (answer.access_token, answer.expires_in) == ("t.1", 30)
    assert "t.1" not in repr(answer)
    assert answer.to_dict() == {"access_token": "t.1", "expires_in": 30}


@pytest.mark.anyio
async def test_grant_token_async() -> None:
    async with peer_within(json_reply({"access_token": "t.1"})) as (config, _):
        assert (await AsyncAuthRESTClient(config).grant_token(ttl_seconds=5)).access_token == "t.1"


@pytest.mark.parametrize("ttl", [0, -1, 3601, True, 1.5, "60"])
def test_a_lifetime_that_no_token_has(ttl: Any) -> None:
    with pytest.raises(ValueError, match="between 1 and 3600") as caught:
        AuthRESTClient(config_of("http://127.0.0.1:9")).grant_token(ttl)
    assert isinstance(caught.value, ConfigError)


def test_the_embedded_server_agrees() -> None:
    from deepgram_anyio.local import serve

    with event_loop_thread().enter(serve(api_keys=["key-1"])) as server:
        config = config_of(server.url)
        client = SelfHostedClient(config)
        made = client.create_selfhosted_credentials(server.project_id, {"comment": "c", "provider": "quay"})
        identifier = made.eval("distribution_credentials.distribution_credentials_id")
        found = client.get_onprem_credentials(server.project_id, identifier)
        assert json.loads(found) == json.loads(made)
        assert len(client.list_selfhosted_credentials(server.project_id)["distribution_credentials"]) == 1
        client.delete_selfhosted_credentials(server.project_id, identifier)
        assert client.list_onprem_credentials(server.project_id)["distribution_credentials"] == []
        token = AuthRESTClient(config).grant_token(60).access_token
        assert token
