"""Any bytes as a message of each socket: a typed event, the same from every buffer, that survives the way back."""

from __future__ import annotations

from deepgram_anyio.protocol.agent_machine import AGENT
from deepgram_anyio.protocol.codec import Codec
from deepgram_anyio.protocol.flux_machine import FLUX
from deepgram_anyio.protocol.flux_speak_machine import FLUX_SPEAK
from deepgram_anyio.protocol.listen_machine import LISTEN
from deepgram_anyio.protocol.messages import UnknownEvent
from deepgram_anyio.protocol.speak_machine import SPEAK

from .pieces import MAX_INPUT_BYTES

__all__ = ["SEEDS", "check"]

CODECS = [
    Codec(messages)
    for kind in (LISTEN, FLUX, SPEAK, FLUX_SPEAK, AGENT)
    for messages in (kind.server_messages, kind.client_messages)
]
SEEDS = [
    b'{"type":"UtteranceEnd","channel":[0,1],"last_word_end":1.5}',
    b'{"type":"SpeechStarted","channel":[0],"timestamp":0.1}',
    b'{"type":"TurnInfo","request_id":"a","sequence_id":1,"event":"Update","turn_index":0,"words":[]}',
    b'{"type":"Speak","text":"\\ud800"}',
    b'{"type":"FunctionCallRequest","functions":[{"id":"a","name":"b","arguments":"{}","client_side":true}]}',
    b'{"type":"Warning","description":1e999,"type":"Error"}',
    b'{"type":"Nope","a":[[[[{}]]]]}',
]


def check(data: bytes) -> None:
    """The bytes are the message."""
    if len(data) > MAX_INPUT_BYTES:
        return
    for codec in CODECS:
        event = codec.decode(data)
        assert codec.decode(memoryview(data)) == event
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = ""
        if text:
            again = codec.decode(text)
            assert type(again) is type(event)
            assert isinstance(event, UnknownEvent) or again == event
        if isinstance(event, UnknownEvent):
            assert event.raw == data
        else:
            assert codec.decode(codec.encode(event)) == event
