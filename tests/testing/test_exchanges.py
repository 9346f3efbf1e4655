"""What tests say of sockets and requests, and what they are told when it is not so."""

from __future__ import annotations

from typing import Any

import pytest

from deepgram_anyio.protocol import agent, listen
from deepgram_anyio.protocol.messages import UnknownEvent
from deepgram_anyio.testing import RestRequest, SocketSession, serve

QUERY = "model=nova-3&sample_rate=16000&keyterm=a&keyterm=b&interim_results=true&utt_split=0.8"


def session(*frames: str | bytes, path: str = "/v1/listen", query: str = "") -> SocketSession:
    made = SocketSession(number=2, path=path, query_string=query)
    for frame in frames:
        made.note_client_frame(frame)
    return made


def test_the_query() -> None:
    asked = session(query=QUERY)
    assert asked.query["keyterm"] == ["a", "b"]
    asked.expect_query(model="nova-3", sample_rate=16000, keyterm=["a", "b"], interim_results=True, utt_split=0.8)
    asked.expect_query(language=None)
    with pytest.raises(AssertionError, match=r"session 2 of /v1/listen was to have model='nova-2', language='en'; it"):
        asked.expect_query(model="nova-2", language="en", sample_rate=16000)


def test_messages_are_typed() -> None:
    asked = session('{"type":"Finalize"}', b"\x00\x01", '{"type":"KeepAlive"}', '{"type":"Nonsense"}', b"\x02\x03")
    assert asked.messages[:2] == [listen.Finalize(), listen.KeepAlive()]
    assert isinstance(asked.messages[2], UnknownEvent)
    assert asked.audio == b"\x00\x01\x02\x03"
    asked.expect_messages("Finalize", "Nonsense")
    asked.expect_messages(listen.Finalize(), "KeepAlive", "Nonsense", ignoring=())
    settings = session('{"type":"InjectUserMessage","content":"hi"}', path="/v1/agent/converse")
    settings.expect_messages(agent.InjectUserMessage(content="hi"))
    assert [type(message) for message in session("{}", path="/elsewhere").messages] == [UnknownEvent]


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ((), 'was to get none; it got {"type":"CloseStream"}'),
        (("Finalize",), 'was to get Finalize; it got {"type":"CloseStream"}'),
        (("CloseStream", "CloseStream"), "was to get CloseStream, CloseStream"),
        ((listen.Finalize(),), 'was to get {"type":"Finalize"}'),
    ],
)
def test_other_messages_than_expected(expected: Any, told: str) -> None:
    with pytest.raises(AssertionError) as caught:
        session('{"type":"CloseStream"}').expect_messages(*expected)
    assert told in str(caught.value)


def test_audio() -> None:
    asked = session(b"abcd", b"efgh", query="encoding=linear16&sample_rate=4")
    assert asked.audio_s == 1.0
    asked.expect_audio(b"abcdefgh")
    with pytest.raises(AssertionError, match="9 bytes of audio; it got 8, and they differ from byte 5 on"):
        asked.expect_audio(b"abcde!ghi")
    with pytest.raises(AssertionError, match="from byte 8 on"):
        asked.expect_audio(b"abcdefghi")


def test_requests() -> None:
    request = RestRequest(number=1, path="/v1/speak", method="POST", body=b'{"text":"hi"}', query_string="model=x")
    assert request.json() == {"text": "hi"}
    with pytest.raises(AssertionError, match="POST /v1/speak was to have model='y'"):
        request.expect_query(model="y")
    request.body = b"\xff"
    with pytest.raises(AssertionError, match="no JSON"):
        request.json()


@pytest.mark.anyio
async def test_the_only_one() -> None:
    async with serve() as server:
        for get in (lambda: server.session, lambda: server.request):
            with pytest.raises(AssertionError, match="there were 0: none"):
                get()
        async with server.client() as dg:
            for _ in range(2):
                await dg.auth.v1.token_details()
        with pytest.raises(AssertionError, match="one request; there were 2: /v1/auth/token, /v1/auth/token"):
            _ = server.request
