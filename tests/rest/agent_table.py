"""The calls for tokens, self-hosting and stored agents."""

from __future__ import annotations

from deepgram_anyio.protocol.agent import Agent, Speak

from .cases import MEMBER, PROJECT, SECRET, TIME, Case, case

__all__ = ["CASES"]

_CREDENTIALS = {
    "member": MEMBER,
    "distribution_credentials": {
        "distribution_credentials_id": "d",
        "provider": "quay",
        "comment": "c",
        "scopes": ["self-hosted:products"],
        "created": TIME,
    },
}
_AGENT = {"agent_id": "a", "config": {"greeting": "Hi"}, "metadata": {"env": "test"}, "created_at": TIME}
_VARIABLE = {"variable_id": "v", "key": "DG_VOICE", "value": {"any": [1, None]}, "created_at": TIME}
_CREDENTIALS_PATH = f"{PROJECT}/self-hosted/distribution/credentials"

_OTHERS = [
    case(
        "auth.v1.grant_token",
        to="POST /v1/auth/grant",
        body={},
        gives={"access_token": SECRET, "expires_in": 30},
        needs="access_token",
    ),
    case(
        "auth.v1.grant_token",
        ttl_seconds=60,
        to="POST /v1/auth/grant",
        body={"ttl_seconds": 60.0},
        gives={"access_token": SECRET},
        needs="access_token",
    ),
    case(
        "auth.v1.token_details",
        to="GET /v1/auth/token",
        gives={"api_key_id": "k", "accessor": "ann", "scopes": ["member"], "created": TIME, "expiration_date": TIME},
    ),
    case(
        "selfhosted.v1.credentials.list",
        "p/1",
        to=f"GET {_CREDENTIALS_PATH}",
        gives={"distribution_credentials": [_CREDENTIALS]},
    ),
    case("selfhosted.v1.credentials.get", "p/1", "d", to=f"GET {_CREDENTIALS_PATH}/d", gives=_CREDENTIALS),
    case("selfhosted.v1.credentials.create", "p/1", to=f"POST {_CREDENTIALS_PATH}", body={}, gives=_CREDENTIALS),
    case(
        "selfhosted.v1.credentials.create",
        "p/1",
        comment="c",
        scopes=["self-hosted:product:api", "self-hosted:product:engine"],
        provider="quay",
        to=f"POST {_CREDENTIALS_PATH}"
        "?scopes=self-hosted%3Aproduct%3Aapi&scopes=self-hosted%3Aproduct%3Aengine&provider=quay",
        body={"comment": "c"},
        gives=_CREDENTIALS,
    ),
    case("selfhosted.v1.credentials.delete", "p/1", "d", to=f"DELETE {_CREDENTIALS_PATH}/d", gives=_CREDENTIALS),
]

_AGENTS = [
    case(
        "agent.v1.think_models",
        to="GET /agent-host/v1/agent/settings/think/models",
        gives={"models": [{"id": "gpt-4o-mini", "name": "GPT", "provider": "open_ai"}]},
    ),
    case("agent.v1.configurations.list", "p/1", to=f"GET {PROJECT}/agents", gives={"agents": [_AGENT]}),
    case("agent.v1.configurations.get", "p/1", "a", to=f"GET {PROJECT}/agents/a", gives=_AGENT, needs="agent_id"),
    *(
        case(
            "agent.v1.configurations.create",
            "p/1",
            config,
            to=f"POST {PROJECT}/agents",
            body={"config": text},
            gives=_AGENT,
            needs="agent_id",
        )
        for config, text in [
            ({"greeting": "Hé", "speak": None}, '{"greeting":"Hé","speak":null}'),
            (
                Agent(speak=Speak(provider={"type": "x"}), greeting="Hi"),
                '{"speak":{"provider":{"type":"x"}},"greeting":"Hi"}',
            ),
            ('{ "greeting": "Hi" }', '{ "greeting": "Hi" }'),
        ]
    ),
    case(
        "agent.v1.configurations.create",
        "p/1",
        {},
        metadata={"env": "test"},
        api_version=1,
        to=f"POST {PROJECT}/agents",
        body={"config": "{}", "metadata": {"env": "test"}, "api_version": 1},
        gives=_AGENT,
        needs="agent_id",
    ),
    case(
        "agent.v1.configurations.update",
        "p/1",
        "a",
        {"env": "live"},
        to=f"PUT {PROJECT}/agents/a",
        body={"metadata": {"env": "live"}},
        gives={**_AGENT, "updated_at": TIME},
        needs="agent_id",
    ),
    case("agent.v1.configurations.delete", "p/1", "a", to=f"DELETE {PROJECT}/agents/a", gives={}),
    case("agent.v1.variables.list", "p/1", to=f"GET {PROJECT}/agent-variables", gives={"variables": [_VARIABLE]}),
    case(
        "agent.v1.variables.get",
        "p/1",
        "v",
        to=f"GET {PROJECT}/agent-variables/v",
        gives=_VARIABLE,
        needs="variable_id key",
    ),
    case(
        "agent.v1.variables.create",
        "p/1",
        "DG_VOICE",
        {"any": [1, None]},
        api_version=1,
        to=f"POST {PROJECT}/agent-variables",
        body={"key": "DG_VOICE", "value": {"any": [1, None]}, "api_version": 1},
        gives=_VARIABLE,
        needs="variable_id key",
    ),
    case(
        "agent.v1.variables.update",
        "p/1",
        "v",
        None,
        to=f"PATCH {PROJECT}/agent-variables/v",
        body={"value": None},
        gives={**_VARIABLE, "updated_at": TIME},
        needs="variable_id key",
    ),
    case("agent.v1.variables.delete", "p/1", "v", to=f"DELETE {PROJECT}/agent-variables/v", gives={}),
]

CASES: list[Case] = [*_OTHERS, *_AGENTS]
