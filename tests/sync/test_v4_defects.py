"""What deepgram-sdk 4.8.1 did wrong at run time, shown to be right: one section for each known defect, in their order.

Every test that talks to a server runs with the blocking client, and with the async one on each event loop.
"""

from __future__ import annotations

import json
import threading
from typing import Any

import anyio
import pytest

from deepgram_anyio.sync import (
    DeepgramApiError,
    DeepgramClient,
    Endpoint,
    Function,
    LiveOptions,
    SettingsOptions,
    Speak,
    Think,
)

from ..rest_peer import Reply, json_reply
from ..stand_in import Api, say
from ..transport.fakes import results
from ..transport.peers import ServerEnd, answering
from .socket_support import RAW, TONE, Record, config, local_server, stand_in
from .v4_rest_support import holds, peer_of
from .v4_styles import AGENT, Style, soon, style, talking

__all__ = ["style"]

SOCKETS: list[tuple[str, str, Any]] = [
    ("listen.websocket", "/v1/listen", RAW),
    ("speak.websocket", "/v1/speak", RAW),
    ("agent.websocket", "/v1/agent/converse", {"agent": AGENT}),
]
each_socket = pytest.mark.parametrize(("path", "route", "options"), SOCKETS, ids=["listen", "speak", "agent"])


def test_01_results_that_come_a_second_after_the_close_are_delivered(style: Style) -> None:
    """v4 stopped reading half a second after CloseStream, so that the last words were lost; and told of Close twice."""

    async def late(end: ServerEnd, kind: str) -> bool:
        if kind == "CloseStream":
            await anyio.sleep(1.0)
        return False

    with stand_in(on_message=late) as server:
        client = style.client(config(server.url), "listen.websocket")
        record = Record(client)
        assert client.start(LiveOptions(**RAW)) is True
        assert client.send(TONE) is True
        assert client.finish() is True
    assert record.events == ["Open", "Results", "Metadata", "Close"]
    assert record.of("Results")[0].channel.alternatives[0].transcript == "all of it"


def test_02_auto_flush_sends_finalize_and_finish_returns(style: Style) -> None:
    """v4's flush thread took a lock that it held already: no Finalize came, and `finish` hung."""
    finalized = threading.Event()

    async def talk(end: ServerEnd, kind: str) -> bool:
        if kind == "KeepAlive":
            await say(end, results(0.0, 1.0, text="words", final=False))
        if kind == "Finalize":
            finalized.set()
        return False

    with stand_in(on_message=talk) as server:
        client = style.client(config(server.url, auto_flush_reply_delta="50"), "listen.websocket")
        assert client.start(RAW) is True
        assert client.keep_alive() is True
        assert finalized.wait(5)
        assert soon(client.finish) is True
        assert server.messages == ["KeepAlive", "Finalize", "CloseStream"]


def test_03_an_agent_leaves_the_shared_url_alone_and_uses_it(style: Style) -> None:
    """v4 put the agent's own host into the configuration that all clients share, and ignored the one that was there."""
    with local_server() as server:
        url = f"http://127.0.0.1:{server.port}"
        options = config(url)
        deepgram = DeepgramClient(config=options)
        agent, manage = style.client(deepgram, "agent.websocket"), style.client(deepgram, "manage")
        record = Record(agent)
        audio = {"input": {"encoding": "linear16", "sample_rate": 16000}}
        assert agent.start({"audio": audio, "agent": AGENT}) is True
        record.wait_for("SettingsApplied")
        assert options.url == url
        assert manage.get_projects().projects[0].project_id == server.project_id
        assert agent.finish() is True
        assert options.url == url
        assert manage.get_projects().projects


def test_04_headers_of_a_call_are_gone_after_it(style: Style) -> None:
    """v4 merged the headers of one call into the configuration, for all calls to come."""
    with peer_of(json_reply({}), headers={"X-Always": "1"}) as (options, peer):
        before = dict(options.headers)
        deepgram = DeepgramClient(config=options)
        rest, manage = style.client(deepgram, "listen.rest"), style.client(deepgram, "manage")
        rest.transcribe_url({"url": "https://example.com/a"}, headers={"X-Once": "2", "Authorization": "Bearer mine"})
        manage.get_projects()
        assert options.headers == before
    first, second = (asked.headers for asked in peer.asked)
    assert (first["x-once"], first["authorization"], first["x-always"]) == ("2", "Bearer mine", "1")
    assert "x-once" not in second
    assert (second["authorization"], second["x-always"]) == ("Token key-1", "1")


@each_socket
def test_04_headers_of_a_socket_are_gone_after_it(style: Style, path: str, route: str, options: Any) -> None:
    """v4 did the same with those of a connection: they went along with every later one."""
    with stand_in(talking()) as server:
        shared = config(server.url)
        before = dict(shared.headers)
        deepgram = DeepgramClient(config=shared)
        for headers in ({"X-Once": "2"}, None):
            client = style.client(deepgram, path)
            assert client.start(options, headers=headers) is True
            assert client.finish() is True
            assert server.request_headers.get("x-once") == (headers or {}).get("X-Once")
        assert shared.headers == before


def test_04_a_client_with_an_access_token_can_grant_another(style: Style) -> None:
    """v4 built a header of an empty key, failed on it before any request, and kept it in the configuration."""
    answer = json_reply({"access_token": "token-2", "expires_in": 30})
    with peer_of(answer, api_key="", access_token="token-1") as (options, peer):
        before = dict(options.headers)
        granted = style.client(options, "auth").grant_token()
        assert options.headers == before
    assert (granted.access_token, granted.expires_in) == ("token-2", 30)
    assert [asked.headers["authorization"] for asked in peer.asked] == ["Bearer token-1"]


@each_socket
def test_05_the_path_of_the_url_stays_before_that_of_the_socket(
    style: Style, path: str, route: str, options: Any
) -> None:
    """v4 went to the root of a gateway's host, whatever path its URL had."""
    with stand_in(talking()) as server:
        client = style.client(config(f"{server.url}/gateway/dg"), path)
        assert client.start(options) is True
        assert client.finish() is True
        assert server.target.partition("?")[0] == f"/gateway/dg{route}"


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        (b'{"category": "E2", "message": "modern", "details": "more", "request_id": "r1"}', "modern", "E2"),
        (b'{"err_code": "E1", "err_msg": "old", "request_id": "r1"}', "old", "E1"),
        (b"plain text", "plain text", None),
        (b'"a string"', "a string", None),
    ],
)
def test_06_errors_say_what_the_server_said(style: Style, body: bytes, message: str, code: str | None) -> None:
    """v4 knew one shape of error: others became "None", a complaint about JSON, or an AttributeError."""
    with peer_of(Reply(400, {"dg-request-id": "r1"}, body)) as (options, _):
        for path, call, args in [
            ("manage", "get_projects", ()),
            ("listen.rest", "transcribe_url", ({"url": "https://example.com/a"},)),
            ("speak.rest", "stream_memory", ({"text": "a"},)),
            ("read.analyze", "analyze_text", ({"text": "a"},)),
        ]:
            with pytest.raises(DeepgramApiError) as caught:
                getattr(style.client(options, path), call)(*args)
            error = caught.value
            assert message in error.message
            assert (error.status, error.code, error.request_id) == (400, code, "r1")


def test_06_a_raw_answer_that_is_refused_raises(style: Style) -> None:
    """v4's `stream_raw` handed the refusal out as if it were audio."""
    refused = json_reply({"err_code": "INVALID_AUTH", "err_msg": "bad key"}, 401, dg_request_id="r9")
    with peer_of(refused) as (options, _), pytest.raises(DeepgramApiError, match="bad key") as caught:
        style.client(options, "speak.rest").stream_raw({"text": "Hello!"})
    assert (caught.value.status, caught.value.code, caught.value.request_id) == (401, "INVALID_AUTH", "r9")


async def _refuse(server: Api, stream: Any) -> None:
    head = "HTTP/1.1 400 Bad Request\r\ndg-request-id: r-1\r\ndg-error: no such model\r\nContent-Length: 0\r\n\r\n"
    await answering(head.encode())(stream)


@each_socket
def test_07_a_refused_handshake_has_its_status_reason_and_request(
    style: Style, path: str, route: str, options: Any
) -> None:
    """v4's `start` returned False, and that was all that could be known."""
    with stand_in(_refuse) as server:
        shared = config(server.url)
        client = style.client(shared, path)
        record = Record(client)
        assert client.start(options) is False
        told = record.of("Error")[-1]
        assert (told.status, told.request_id) == (400, "r-1")
        assert "no such model" in told.message
        assert (client.last_error.status, client.last_error.request_id) == (400, "r-1")
        shared.options["termination_exception_connect"] = True
        with pytest.raises(DeepgramApiError, match="no such model") as caught:
            client.start(options)
        assert (caught.value.status, caught.value.request_id) == (400, "r-1")


MODEL = {"provider": {"type": "open_ai", "model": "m"}}
FUNCTION = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}}
MESSAGES = [{"type": "History", "role": "user", "content": "hi"}]
SETTINGS: list[dict[str, Any]] = [
    {"flags": {"history": False}, "agent": {"think": MODEL}},
    {"agent": {"think": MODEL, "context": {"messages": MESSAGES}}},
    {"agent": {"think": {**MODEL, "new": [1]}, "new_in_agent": {"a": None}}, "new_at_the_top": {"b": [2]}},
    {"agent": {"think": {**MODEL, "functions": [FUNCTION]}}},
    {"agent": "0b3a6c1e-0000-4000-8000-000000000000"},
    {"agent": {"think": [MODEL, {"provider": {"type": "anthropic", "model": "n"}, "prompt": "p"}]}},
]


@pytest.mark.parametrize("said", SETTINGS, ids=["flags", "context", "unknown", "function", "uuid", "think-list"])
def test_08_settings_from_a_dict_are_the_same_settings(style: Style, said: dict[str, Any]) -> None:
    """v4 dropped what it did not know, and raised for functions without a URL, stored agents and lists of models."""
    settings = SettingsOptions.from_dict(said)
    assert holds(settings.to_dict(), said)
    with stand_in(talking()) as server:
        client = style.client(config(server.url), "agent.websocket")
        assert client.start(settings) is True
        assert client.finish() is True
        sent = json.loads(server.messages[0])
    assert sent["type"] == "Settings"
    assert holds(sent, said)


AGENT_MESSAGES: list[dict[str, Any]] = [
    {"type": "Warning", "description": "d", "code": "PROMPT_TOO_LONG"},
    {"type": "History", "role": "user", "content": "hi"},
    {"type": "History", "function_calls": [{"id": "i", "name": "n", "client_side": True, "response": "r"}]},
    {"type": "PromptUpdated"},
    {"type": "SpeakUpdated"},
    {"type": "ThinkUpdated"},
    {"type": "ListenUpdated"},
    {"type": "LatencyReport", "total_latency": 0.5, "stt_latency": 0.1},
    {"type": "FunctionCallResponse", "id": "i", "name": "n", "content": "42"},
    {"type": "EndOfThought"},
    {"type": "InjectionRefused", "message": "somebody is speaking"},
    {
        "type": "FunctionCallRequest",
        "functions": [{"id": "i", "name": "n", "arguments": "{}", "client_side": True, "thought_signature": "t"}],
    },
    {
        "type": "ConversationText",
        "role": "user",
        "content": "hi",
        "languages": ["en"],
        "languages_hinted": ["en", "de"],
    },
    {"type": "Error", "description": "d", "code": "E"},
]


def test_09_every_message_of_an_agent_has_its_event_and_all_its_fields(style: Style) -> None:
    """v4 gave half of them to the handlers of Unhandled only, and dropped fields of the others."""
    with stand_in(talking(KeepAlive=AGENT_MESSAGES)) as server:
        client = style.client(config(server.url), "agent.websocket")
        record = Record(client)
        assert client.start({"agent": AGENT}) is True
        assert client.keep_alive() is True
        record.wait_for("Error")
        assert client.finish() is True
    came = [(event, what) for event, what in record.seen if event not in {"Open", "Welcome", "SettingsApplied"}]
    assert [event for event, _ in came[: len(AGENT_MESSAGES)]] == [message["type"] for message in AGENT_MESSAGES]
    for message, (event, response) in zip(AGENT_MESSAGES, came, strict=False):
        assert type(response).__name__.startswith((event, f"Agent{event}"))
        for name, value in message.items():
            assert holds(response.to_dict()[name], value)
            assert getattr(response, name) is not None
    (calls,) = record.of("FunctionCallRequest")
    assert calls.functions[0].thought_signature == "t"
    assert record.of("History")[1].function_calls[0].response == "r"
    assert "Unhandled" not in record.events


def test_10_warnings_and_metadata_of_speech_keep_their_fields(style: Style) -> None:
    """v4 looked for old names, found none, and handed empty texts out."""
    metadata = {"type": "Metadata", "request_id": "r", "model_name": "m", "model_version": "v", "model_uuid": "u"}
    warning = {"type": "Warning", "description": "too long", "code": "W1"}
    with stand_in(talking(Speak=[metadata, warning], Flush=[{"type": "Flushed", "sequence_id": 0}])) as server:
        client = style.client(config(server.url), "speak.websocket")
        record = Record(client)
        assert client.start(RAW) is True
        assert client.send_text("hello") is True
        assert client.flush() is True
        client.wait_for_complete()
        assert client.finish() is True
    (warned,), (told,) = record.of("Warning"), record.of("Metadata")
    assert (warned.warn_code, warned.warn_msg, warned.code, warned.description) == ("W1", "too long", "W1", "too long")
    assert told.to_dict() == metadata
    assert (told.model_name, told.model_version, told.model_uuid) == ("m", "v", "u")


def test_10_functions_and_endpoints_have_no_fields_that_servers_refuse(style: Style) -> None:
    """v4 always sent ``url`` and ``method`` of a function at its top level, and a ``method`` of every endpoint."""
    endpoint = Endpoint(url="https://llm.example/v1", headers={"a": "b"})
    there = Function(name="there", description="d", url="https://fn.example", method="post", headers={"k": "v"})
    settings = SettingsOptions()
    settings.agent.think = Think(
        functions=[Function(name="here", description="d", url="", method=""), there], endpoint=endpoint
    )
    settings.agent.think.provider.type = "open_ai"
    settings.agent.speak = Speak(endpoint=endpoint)
    settings.agent.speak.provider.type = "cartesia"
    with stand_in(talking()) as server:
        client = style.client(config(server.url), "agent.websocket")
        assert client.start(settings) is True
        assert client.finish() is True
        agent = json.loads(server.messages[0])["agent"]
    assert agent["think"]["functions"] == [
        {"name": "here", "description": "d"},
        {
            "name": "there",
            "description": "d",
            "endpoint": {"url": "https://fn.example", "method": "post", "headers": {"k": "v"}},
        },
    ]
    for part in ("think", "speak"):
        assert agent[part]["endpoint"] == {"url": "https://llm.example/v1", "headers": {"a": "b"}}


def test_11_messages_of_a_transcription_have_their_events_and_results_their_entities(style: Style) -> None:
    """v4 gave these messages to the handlers of Unhandled only, and dropped entities."""
    entities = [{"label": "NAME", "value": "Ada", "confidence": 0.9, "start_word": 0, "end_word": 1}]
    sent = [
        {"type": "Warning", "description": "w", "code": "c"},
        {"type": "ConfigureSuccess", "request_id": "r"},
        {"type": "ConfigureFailure", "request_id": "r", "code": "c", "description": "why"},
        {**json.loads(results(0.0, 1.0, text="Ada").to_json()), "entities": entities},
    ]
    with stand_in(talking(Finalize=sent)) as server:
        client = style.client(config(server.url), "listen.websocket")
        record = Record(client)
        assert client.start(RAW) is True
        assert client.finalize() is True
        assert client.finish() is True
    assert record.events == ["Open", "Warning", "ConfigureSuccess", "ConfigureFailure", "Results", "Close"]
    assert (record.of("Warning")[0].warn_msg, record.of("Warning")[0].code) == ("w", "c")
    assert record.of("ConfigureSuccess")[0].request_id == "r"
    assert record.of("ConfigureFailure")[0].description == "why"
    result = record.of("Results")[0]
    assert result.entities == result["entities"] == result.to_dict()["entities"] == entities
