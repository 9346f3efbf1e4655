"""Streaming text to speech and voice agents with the names of v4."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from wsproto.events import BytesMessage, CloseConnection, TextMessage

from deepgram_anyio.errors import DeepgramError
from deepgram_anyio.sync.v4.errors import DeepgramTypeError
from deepgram_anyio.sync.v4.events import SpeakWebSocketMessage
from deepgram_anyio.sync.v4.options_agent import InjectUserMessageOptions, SettingsOptions
from deepgram_anyio.sync.v4.socket_agent import AgentWebSocketClient
from deepgram_anyio.sync.v4.socket_speak import SpeakWebSocketClient, SpeakWSClient

from ..stand_in import Api
from ..transport.peers import ServerEnd
from .socket_support import Record, config, local_server, stand_in

OPTIONS = {"encoding": "linear16", "sample_rate": 16000}


class Loudspeaker:
    """Plays nothing, and remembers what."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.audio = b""

    def start(self) -> None:
        self.calls.append("start")

    def add_audio_to_queue(self, data: bytes) -> None:
        self.audio += data

    def wait_for_complete(self) -> None:
        self.calls.append("wait")

    def finish(self) -> None:
        self.calls.append("finish")


def test_speech_is_complete_when_all_that_was_flushed_was_handled() -> None:
    with local_server() as server:
        client = SpeakWSClient(config(f"http://127.0.0.1:{server.port}"))
        record = Record(client)
        with pytest.raises(DeepgramError, match="not connected"):
            client.wait_for_complete()
        assert client.start(OPTIONS)
        assert client.send_text("hello there")
        assert client.flush()
        client.wait_for_complete()
        assert record.events[-1] == "Flushed"
        heard = b"".join(record.of("AudioData"))
        assert heard
        assert client.send("more text") is True
        assert client.send(b"bytes") is False
        assert client.send_raw('{"type": "Flush"}') is True
        assert client.send_control(SpeakWebSocketMessage.Clear) is True
        assert client.finish()
    assert record.of("Metadata")[0].model_name
    assert record.events.count("Cleared") == 1
    assert record.events[-1] == "Close"


def test_audio_is_played_without_a_handler() -> None:
    with local_server() as server:
        client, speaker = SpeakWebSocketClient(config(f"http://127.0.0.1:{server.port}")), Loudspeaker()
        client.delegate_listening(speaker)
        assert client.start(OPTIONS)
        assert client.send_text("hello")
        assert client.flush()
        client.wait_for_complete()
        assert client.finish()
    assert speaker.calls == ["start", "wait", "finish"]
    assert speaker.audio


class SpeakApi(Api):
    """Answers what the embedded server would not."""

    @staticmethod
    async def talk(end: ServerEnd, kind: str) -> bool:
        if kind == "Speak":
            await end.send(TextMessage('{"type":"Warning","description":"d","code":"c"}'))
            await end.send(TextMessage('{"type":"Metadata","request_id":"r","model_name":"m"}'))
        elif kind == "Flush":
            await end.send(BytesMessage(b"abc"))
            await end.send(TextMessage('{"type":"Flushed","sequence_id":0}'))
        elif kind == "Close":
            await end.send(CloseConnection(1000))
        return True


def test_warnings_metadata_and_auto_flush() -> None:
    with stand_in(on_message=SpeakApi.talk) as server:
        client = SpeakWebSocketClient(config(server.url, auto_flush_speak_delta=50))
        record = Record(client)
        assert client.start(OPTIONS)
        assert client.send_text("text")
        assert record.wait_for("Flushed").sequence_id == 0
        assert client.finish()
        assert server.messages == ["Speak", "Flush", "Close"]
    assert (record.of("Warning")[0].warn_code, record.of("Warning")[0].warn_msg) == ("c", "d")
    assert record.of("Metadata")[0].model_name == "m"
    assert record.of("AudioData") == [b"abc"]


SETTINGS: dict[str, Any] = {
    "audio": {"input": {"encoding": "linear16", "sample_rate": 16000}},
    "agent": {"think": {"provider": {"type": "open_ai", "model": "m"}}, "greeting": "hi"},
    "new_field": [1],
}


def test_a_conversation() -> None:
    with local_server() as server:
        options = config(f"http://127.0.0.1:{server.port}")
        client = AgentWebSocketClient(options)
        record = Record(client)
        settings = SettingsOptions.from_dict({name: SETTINGS[name] for name in ("audio", "agent")})
        assert client.start(settings)
        assert record.events[:3] == ["Open", "Welcome", "SettingsApplied"] or record.wait_for("SettingsApplied")
        assert record.wait_for("ConversationText").content == "hi"
        record.wait_for("AgentAudioDone")  # a message of the user's would interrupt the greeting
        assert client.keep_alive()
        assert client.inject_user_message(InjectUserMessageOptions(content="hello"))
        record.wait_for("AgentAudioDone", count=2)
        assert client.send(json.dumps({"type": "UpdatePrompt", "prompt": "p"}))
        record.wait_for("PromptUpdated")
        assert client.finish()
        assert options.url == f"http://127.0.0.1:{server.port}"
        with pytest.raises(DeepgramTypeError):
            client.inject_user_message({"content": "x"})  # type: ignore[arg-type]
    assert record.of("History")
    assert record.of("AudioData")
    assert record.events[-1] == "Close"
    assert "Error" not in record.events


def _agent(**messages: list[str]) -> Any:
    async def serve(server: Api, stream: Any) -> None:
        end = await ServerEnd.accept(stream)
        server.target = end.request.target
        await end.send(TextMessage('{"type":"Welcome","request_id":"r-1"}'))
        async for event in end:
            if isinstance(event, TextMessage):
                message = json.loads(event.data)
                server.messages.append(json.dumps(message))
                for text in messages.get(message["type"], []):
                    await end.send(TextMessage(text))

    return serve


def test_settings_go_out_as_they_are_and_a_refusal_has_its_reason() -> None:
    refusal = '{"type":"Error","description":"no such model","code":"INVALID_SETTINGS"}'
    with stand_in(_agent(Settings=[refusal])) as server:
        client = AgentWebSocketClient(config(f"{server.url}/dg"))
        record = Record(client)
        assert client.start(SETTINGS) is False
        assert server.messages == [json.dumps({"type": "Settings", **SETTINGS})]
        assert server.target == "/dg/v1/agent/converse"
        assert record.events == ["Welcome", "Error"]
        told = record.of("Error")[0]
        assert (told.status, told.code, told.request_id) == (400, "INVALID_SETTINGS", "r-1")
        with pytest.raises(DeepgramTypeError):
            client.start()


def test_new_messages_have_their_own_handlers_or_those_of_unhandled() -> None:
    latency = '{"type":"LatencyReport","total_latency":0.5}'
    call = '{"type":"FunctionCallRequest","functions":[{"id":"i","name":"n","arguments":"{}","client_side":true}]}'
    with stand_in(_agent(Settings=['{"type":"SettingsApplied"}', latency, call])) as server:
        client = AgentWebSocketClient(config(server.url))
        seen: list[Any] = []
        answered = threading.Event()
        client.on("Unhandled", lambda self, unhandled, **_: seen.append(json.loads(unhandled.raw)["type"]))

        @client.on("FunctionCallRequest")
        def on_call(self: Any, function_call_request: Any, **kwargs: Any) -> None:
            call = function_call_request.functions[0]
            answer = {"type": "FunctionCallResponse", "id": call.id, "name": call.name, "content": "42"}
            seen.append(self.send(json.dumps(answer)))
            answered.set()

        assert client.start(SETTINGS)
        assert answered.wait(5)
        assert client.finish()
        assert seen == ["LatencyReport", True]
        assert json.loads(server.messages[-1])["content"] == "42"
