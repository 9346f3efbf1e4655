"""What must never happen: a key in an error or a log, a key at another host, a credential that cannot be sent."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from deepgram_anyio import ClientConfig, DeepgramClient, RetryPolicy, Timeouts, errors
from deepgram_anyio.protocol.rest.operations import operation
from deepgram_anyio.protocol.rest.projects import ProjectList
from deepgram_anyio.services.backend import CallParams

from ..rest_peer import Reply, json_reply, rest_peer

pytestmark = pytest.mark.anyio

KEY = "very-s3cret-key-0123456789"
LIST = operation("manage.v1.projects.list")
LEGACY = json_reply({"err_code": "INVALID_AUTH", "err_msg": "Invalid credentials."}, 401)
QUICK = ClientConfig(proxy="", retry=RetryPolicy(first_s=0.001, max_s=0.001), timeouts=Timeouts(connect_s=1.0))


async def ask(dg: DeepgramClient, **call: Any) -> ProjectList:
    params: CallParams = {**call}  # type: ignore[typeddict-item]
    return await dg._backend.call(LIST, params, returns=ProjectList)


def everything_said(error: BaseException, caplog: pytest.LogCaptureFixture) -> str:
    chain = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    attributes = repr([vars(link) for link in _chain(error)])
    logs = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    return f"{error}{error!r}{chain}{attributes}{logs}"


def _chain(error: BaseException | None) -> list[BaseException]:
    return [] if error is None else [error, *_chain(error.__cause__ or error.__context__)]


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (LEGACY, errors.AuthenticationError, "INVALID_AUTH"),
        (json_reply({"category": "FORBIDDEN", "message": "No."}, 403), errors.PermissionDeniedError, "FORBIDDEN"),
        (Reply(404, body=b"Project not found"), errors.NotFoundError, None),
        (json_reply({"err_code": "PAYLOAD_ERROR", "err_msg": "No."}, 400), errors.BadRequestError, "PAYLOAD_ERROR"),
        (Reply(402), errors.PaymentRequiredError, None),
        (Reply(429), errors.RateLimitError, None),
        (Reply(503), errors.ServerError, None),
        (Reply(302, {"location": "https://example.com/?key=x"}), errors.ApiError, None),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Reply) else "",
)
async def test_refusals_tell_no_key(
    reply: Reply, kind: type[errors.ApiError], code: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told = Reply(reply.status, {**reply.headers, "dg-request-id": "r1"}, reply.body)
    async with rest_peer(told) as peer, DeepgramClient(KEY, base_url=peer.url, config=QUICK) as dg:
        with pytest.raises(kind) as caught:
            await ask(dg)
        assert peer.asked[0].headers["authorization"] == f"Token {KEY}"
    assert (caught.value.status, caught.value.code, caught.value.request_id) == (reply.status, code, "r1")
    assert KEY not in everything_said(caught.value, caplog)
    assert KEY not in repr(dg)


async def _closed_port() -> str:
    async with rest_peer(Reply()) as peer:
        return peer.url


async def _unknown_host() -> str:
    return "https://does-not-exist.invalid"


@pytest.mark.parametrize(
    ("where", "call", "kind"),
    [
        (_closed_port, {}, errors.ConnectError),
        (_unknown_host, {}, errors.ConnectError),
        (_closed_port, {"extra_headers": {"X-Odd": "a\nb"}}, errors.ConfigError),
        (_closed_port, {"extra_headers": {"X-Odd": "\N{SNOWMAN}"}}, errors.ConfigError),
        (_closed_port, {"extra_headers": {"X Odd": "a"}}, errors.ConfigError),
        (_closed_port, {"extra_query": {"a": b"bytes"}}, errors.ConfigError),
    ],
)
async def test_failures_tell_no_key(
    where: Callable[[], Awaitable[str]],
    call: dict[str, Any],
    kind: type[errors.DeepgramError],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with DeepgramClient(KEY, base_url=await where(), config=QUICK) as dg:
        with pytest.raises(kind) as caught:
            await ask(dg, **call)
    assert KEY not in everything_said(caught.value, caplog)


async def test_logs_at_debug_tell_no_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with rest_peer([Reply(503), json_reply({})]) as peer:
        async with DeepgramClient(access_token=lambda: KEY, base_url=peer.url, config=QUICK) as dg:
            await ask(dg)
        assert peer.asked[1].headers["authorization"] == f"Bearer {KEY}"
    said = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "is tried again" in said
    assert "httpcore" in said
    assert KEY not in said


async def test_a_redirect_never_carries_the_key() -> None:
    async with rest_peer(Reply()) as other, rest_peer(Reply(307, {"location": other.url})) as peer:
        async with DeepgramClient(KEY, base_url=peer.url, config=QUICK) as dg:
            with pytest.raises(errors.ApiError, match="redirects are not followed"):
                await ask(dg)
        assert other.connections == 0


async def test_a_caller_cannot_replace_the_credential() -> None:
    async with rest_peer(json_reply({})) as peer, DeepgramClient(KEY, base_url=peer.url, config=QUICK) as dg:
        await ask(dg, extra_headers={"authorization": "Token other", "User-Agent": "mine"})
        (asked,) = peer.asked
        assert asked.headers["authorization"] == f"Token {KEY}"
        assert asked.headers["user-agent"] == "mine"


async def test_a_token_is_asked_for_each_try() -> None:
    tokens = iter(["one", "two"])

    async def token() -> str:
        await anyio.lowlevel.checkpoint()
        return next(tokens)

    async with rest_peer([Reply(503), json_reply({})]) as peer:
        async with DeepgramClient(access_token=token, base_url=peer.url, config=QUICK) as dg:
            await ask(dg)
        assert [asked.headers["authorization"] for asked in peer.asked] == ["Bearer one", "Bearer two"]


async def test_path_prefixes_are_kept_and_extras_are_sent() -> None:
    async with rest_peer(json_reply({})) as peer:
        async with DeepgramClient(KEY, base_url=f"{peer.url}/gateway/dg/", config=QUICK) as dg:
            await ask(dg, extra_query={"flag": True, "many": ["a b", "c"]}, extra_headers={"X-Team": "speech"})
        (asked,) = peer.asked
        assert asked.target == "/gateway/dg/v1/projects?flag=true&many=a+b&many=c"
        assert asked.headers["x-team"] == "speech"


async def test_the_agents_host_gets_its_own_calls() -> None:
    async with rest_peer(json_reply({})) as api, rest_peer(json_reply({"models": []})) as agents:
        async with DeepgramClient(KEY, base_url=api.url, agent_url=agents.url, config=QUICK) as dg:
            await dg.agent.v1.think_models()
        assert [asked.path for asked in agents.asked] == ["/v1/agent/settings/think/models"]
        assert api.asked == []


async def test_an_answer_that_is_no_json_is_told_with_its_request() -> None:
    for body in (b"<html>", b"\xff", b"[1]", b'{"projects": 3}', b'{"projects": [{"project_id": 1}]}', b"[" * 100_000):
        reply = Reply(200, {"dg-request-id": "r7"}, body)
        async with rest_peer(reply) as peer, DeepgramClient(KEY, base_url=peer.url, config=QUICK) as dg:
            with pytest.raises(errors.RemoteProtocolError, match="r7"):
                await ask(dg)


async def test_misspelt_arguments_are_refused() -> None:
    async with DeepgramClient(KEY, base_url="http://127.0.0.1:9", config=QUICK) as dg:
        with pytest.raises(errors.ConfigError, match="timeouts"):
            await ask(dg, timeouts=3)


@pytest.mark.parametrize(
    "call",
    [
        {"timeout": 0},
        {"timeout": -1.5},
        {"timeout": float("nan")},
        {"timeout": "3"},
        {"timeout": True},
        {"max_retries": -1},
        {"max_retries": 1.5},
        {"max_retries": True},
    ],
)
async def test_wrong_timeouts_and_retries_are_refused(call: dict[str, Any]) -> None:
    async with DeepgramClient(KEY, base_url="http://127.0.0.1:9", config=QUICK) as dg:
        with pytest.raises(errors.ConfigError, match=next(iter(call))):
            await ask(dg, **call)


async def test_a_policy_of_no_retries() -> None:
    config = ClientConfig(proxy="", retry=RetryPolicy(max_retries=-1))
    async with rest_peer(Reply(503)) as peer, DeepgramClient(KEY, base_url=peer.url, config=config) as dg:
        with pytest.raises(errors.ServerError):
            await ask(dg)
        assert len(peer.asked) == 1


@pytest.mark.parametrize(
    "body",
    [b'{"projects": [], "odd": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", b'{"projects": [{"project_id": "\xff"}]}'],
    ids=["nested without end", "not UTF-8"],
)
async def test_an_answer_that_cannot_be_decoded_is_a_typed_error(body: bytes) -> None:
    reply = Reply(200, {"content-type": "application/json"}, body)
    async with rest_peer(reply) as peer, DeepgramClient(KEY, base_url=peer.url, config=QUICK) as dg:
        with pytest.raises(errors.RemoteProtocolError, match="not as documented"):
            await ask(dg)


@pytest.mark.parametrize("wrong", ["X: y", [("X", "y")], {1: 2}, {"X": 2}], ids=repr)
async def test_headers_of_the_wrong_shape_are_refused_before_any_io(wrong: Any) -> None:
    async with DeepgramClient(KEY, base_url="http://127.0.0.1:9", config=QUICK) as dg:
        with pytest.raises(errors.ConfigError, match="header"):
            await ask(dg, extra_headers=wrong)
        with pytest.raises(errors.ConfigError, match="header"):
            async with dg.listen.v1.connect(encoding="linear16", sample_rate=8000, extra_headers=wrong):
                pass
