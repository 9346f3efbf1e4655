"""What is due in a replay, and what counts as a difference; without a socket."""

from __future__ import annotations

import pytest

from deepgram_anyio.protocol.frames import Binary, Close, Frame, Text
from deepgram_anyio.testing.matching import Match, Player, ReplayMismatchError
from deepgram_anyio.testing.recording import FromClient, FromServer, Opened, RecordedFrame, RecordedSession

FINALIZE = '{"type":"Finalize"}'
CLOSE = '{"type":"CloseStream"}'
KEEP_ALIVE = '{"type":"KeepAlive"}'


def client(*, text: str | None = None, binary: bytes | None = None, close: int | None = None) -> RecordedFrame:
    return FromClient(number=1, at_s=0, text=text, binary=binary, close=None if close is None else (close, ""))


def server(text: str | None = None, *, close: int | None = None) -> RecordedFrame:
    return FromServer(number=1, at_s=0, text=text, close=None if close is None else (close, ""))


SESSION = [
    client(binary=b"aaaa"),
    client(text=KEEP_ALIVE),
    client(binary=b"bbbb"),
    server("first"),
    client(binary=b"cc"),
    client(text=FINALIZE),
    server("second"),
    client(text=CLOSE),
    server("last"),
    server(close=1000),
]


def player(frames: list[RecordedFrame] = SESSION, match: Match = "strict") -> Player:
    return Player(RecordedSession(Opened(number=1, path="/v1/listen"), list(frames)), match)


def due(played: Player) -> list[object]:
    events: list[object] = []
    while (event := played.next_event()) is not None:
        events.append(event.text or event.close)
    return events


def test_what_is_due_when() -> None:
    played = player()
    assert due(played) == []
    played.take(Binary(b"aaaab"))
    assert due(played) == []
    played.take(Text(KEEP_ALIVE))
    played.take(Binary(b"bbbc"))
    assert due(played) == ["first"]
    played.take(Binary(b"c"))
    played.take(Text(FINALIZE))
    assert due(played) == ["second"]
    assert not played.played
    played.take(Text('{ "type": "CloseStream" }'))
    assert due(played) == ["last", (1000, "")]
    assert played.played
    assert played.over
    played.take(Close(1000))
    played.take(Text("whatever"))


def test_other_audio_is_other_audio() -> None:
    played = player(match="audio_may_differ")
    played.take(Binary(b"zz"))
    played.take(Text(FINALIZE))
    assert due(played) == ["first", "second"]  # who has gone on has said all that came before
    played.take(Text(CLOSE))
    assert due(played) == ["last", (1000, "")]


@pytest.mark.parametrize(
    ("frames", "told"),
    [
        ([Binary(b"aaab")], "after 0 JSON messages: recorded was byte 3 of the audio at this place to be 0x61; .*0x62"),
        ([Binary(b"aaaabbbbccc")], "recorded was 10 bytes of audio at this place; the client sent 11 bytes"),
        ([Binary(b"aaaa"), Text(FINALIZE)], "recorded was 6 more bytes of audio; .*Finalize"),
        ([Binary(b"aaaabbbbcc"), Text(CLOSE)], "recorded was .*Finalize.*; the client sent .*CloseStream"),
        ([Binary(b"aaaabbbbcc"), Text(FINALIZE), Text(CLOSE), Text(CLOSE)], "nothing more than 2 JSON messages"),
        ([Close(1006)], "2 JSON messages of the client and 4 of the server before the end; .*without a close"),
    ],
)
def test_the_first_difference(frames: list[Frame], told: str) -> None:
    played = player()
    for frame in frames[:-1]:
        played.take(frame)
    with pytest.raises(ReplayMismatchError, match=f"^session 1 of /v1/listen, .*{told}"):
        played.take(frames[-1])


def test_a_client_that_closes() -> None:
    for recorded, sent in ((1000, 1000), (1006, 1000), (1000, 1006)):
        player([client(close=recorded)]).take(Close(sent))
    with pytest.raises(ReplayMismatchError, match="was a close with 1000; the client sent a close with 1001 x"):
        player([client(close=1000)]).take(Close(1001, "x"))


def test_a_broken_connection_takes_less_than_was_sent() -> None:
    played = player([client(binary=b"aaaa"), server(close=1006)])
    played.take(Binary(b"aaaabb"))
    assert due(played) == [(1006, "")]


def test_credentials_compare_as_they_are_recorded() -> None:
    recorded = '{"type":"Settings","headers":{"authorization":"REDACTED"}}'
    player([client(text=recorded)]).take(Text('{"type":"Settings","headers":{"authorization":"Bearer abc"}}'))


def test_what_is_no_json_compares_as_text() -> None:
    player([client(text="ping")]).take(Text("ping"))
    with pytest.raises(ReplayMismatchError, match=r"recorded was ping; the client sent x{200}\.\.\.$"):
        player([client(text="ping")]).take(Text("x" * 300))
