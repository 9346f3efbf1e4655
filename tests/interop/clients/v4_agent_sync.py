"""A conversation with the threaded client of deepgram-sdk v4."""

from __future__ import annotations

import threading
import time
from typing import Any

from deepgram import AgentWebSocketEvents, DeepgramClient, DeepgramClientOptions, FunctionCallResponse, SettingsOptions

from tests.interop.clients.agent_support import CHUNK_S, DEADLINE_S, AgentReport, Question, settings
from tests.interop.clients.support import KEY, arguments, websocket_url

__all__ = ["main"]


def main(url: str, path: str) -> None:
    question = Question(path)
    report = AgentReport(question)
    applied, done = threading.Event(), threading.Event()
    connection = DeepgramClient(KEY, DeepgramClientOptions(url=url)).agent.websocket.v("1")
    # This client overwrites the configured host with agent.deepgram.com.
    connection._websocket_url = f"{websocket_url(url)}/v1/agent/converse"

    def counted(name: str, handler: Any) -> None:
        def handle(_: Any, *args: Any, **kwargs: Any) -> None:
            report.events[name] += 1
            handler(*args, *kwargs.values())

        connection.on(getattr(AgentWebSocketEvents, name), handle)

    def on_call(request: Any) -> None:
        for call in request.functions:
            content = report.called(call.name, call.arguments)
            connection.send(str(FunctionCallResponse(id=call.id, name=call.name, content=content)))

    def on_trouble(error: Any) -> None:
        report.error(error)
        done.set()

    counted("Welcome", lambda welcome: report.welcome(welcome.request_id))
    counted("SettingsApplied", lambda _: applied.set())
    counted("ConversationText", lambda text: report.said(text.role, text.content))
    counted("FunctionCallRequest", on_call)
    counted("AudioData", report.audio)
    counted("AgentStartedSpeaking", lambda _: None)
    counted("AgentAudioDone", lambda _: done.set())
    counted("Error", on_trouble)

    # `from_dict` would refuse a function without an address, so what that class does not know is put into it whole.
    chosen = SettingsOptions.from_dict({**settings(question.sample_rate), "agent": {}})
    chosen.agent = settings(question.sample_rate)["agent"]
    if not connection.start(chosen) or not applied.wait(DEADLINE_S):
        raise SystemExit("the conversation could not be started")
    for chunk in question.chunks():
        connection.send(chunk)
        time.sleep(CHUNK_S)
    if not done.wait(DEADLINE_S):
        report.error("no AgentAudioDone")
    connection.finish()
    report.print()


if __name__ == "__main__":
    main(*arguments())
