"""Conversational transcription with the threaded client of deepgram-sdk v7."""

from __future__ import annotations

import threading
import time

from deepgram import DeepgramClient
from deepgram.core.events import EventType
from deepgram.environment import DeepgramClientEnvironment

from tests.interop.clients.support import CHUNK_S, DEADLINE_S, KEY, PACE, Report, Speech, arguments, websocket_url

__all__ = ["main"]


def main(url: str, path: str) -> None:
    report = Report()
    sockets = websocket_url(url)
    environment = DeepgramClientEnvironment(base=url, production=sockets, agent=sockets, agent_rest=url)
    client = DeepgramClient(api_key=KEY, environment=environment)
    speech = Speech(path)
    with client.listen.v2.connect(**speech.flux_options) as connection:
        connection.on(EventType.MESSAGE, report.message)
        connection.on(EventType.ERROR, report.error)
        listener = threading.Thread(target=connection.start_listening, daemon=True)
        listener.start()
        for chunk in speech.turns():
            connection.send_media(chunk)
            time.sleep(CHUNK_S / PACE)
        connection.send_force_end_turn()
        connection.send_close_stream()
        listener.join(DEADLINE_S)
        if listener.is_alive():
            report.error("the server did not close after CloseStream")
    report.print()


if __name__ == "__main__":
    main(*arguments())
