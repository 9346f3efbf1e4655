"""Text to speech with the threaded client of deepgram-sdk v7."""

from __future__ import annotations

import threading
from typing import Any

from deepgram import DeepgramClient
from deepgram.core.events import EventType
from deepgram.environment import DeepgramClientEnvironment
from deepgram.speak.v1.types import SpeakV1Text

from tests.interop.clients.speech_support import SAMPLE_RATE, SPEAK_MODEL, SPOKEN, SpeechReport
from tests.interop.clients.support import DEADLINE_S, KEY, arguments, websocket_url

__all__ = ["main"]


def main(url: str, _path: str) -> None:
    report = SpeechReport()
    flushed = threading.Event()
    sockets = websocket_url(url)
    environment = DeepgramClientEnvironment(base=url, production=sockets, agent=sockets, agent_rest=url)
    client = DeepgramClient(api_key=KEY, environment=environment)

    def on_message(message: Any) -> None:
        if isinstance(message, bytes):
            report.audio(message)
            return
        report.message(message.dict())
        if message.type == "Flushed":
            flushed.set()

    with client.speak.v1.connect(model=SPEAK_MODEL, encoding="linear16", sample_rate=str(SAMPLE_RATE)) as connection:
        connection.on(EventType.MESSAGE, on_message)
        connection.on(EventType.ERROR, report.error)
        listener = threading.Thread(target=connection.start_listening, daemon=True)
        listener.start()
        for text in SPOKEN:
            connection.send_text(SpeakV1Text(type="Speak", text=text))
        connection.send_flush()
        if not flushed.wait(DEADLINE_S):
            report.error("no Flushed after Flush")
        connection.send_close()
        listener.join(DEADLINE_S)
        if listener.is_alive():
            report.error("the server did not close after Close")
    report.print()


if __name__ == "__main__":
    main(*arguments())
