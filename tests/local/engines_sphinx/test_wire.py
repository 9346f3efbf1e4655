"""The messages between the recogniser and its processes, and who answers what."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.local.engines.base import RecognizedWord
from deepgram_anyio.local.engines.sphinx_wire import (
    Begin,
    CepstralMean,
    Failed,
    Feed,
    Finish,
    Partial,
    Reply,
    Request,
    Words,
    decode_reply,
    decode_request,
    frame,
    read_frame,
)
from deepgram_anyio.local.engines.sphinx_worker import DecoderServer

WORD = RecognizedWord(word="word", start_s=0.5, end_s=0.75, confidence=0.25)
MEAN = CepstralMean("1,2", 300)

requests = st.one_of(
    st.builds(Begin, st.none() | st.builds(CepstralMean, st.text(), st.integers(0, 10_000))),
    st.builds(Feed, st.binary(max_size=300)),
    st.just(Partial()),
    st.just(Finish()),
)


@given(messages=st.lists(requests, max_size=5), step=st.integers(1, 50))
def test_requests_arrive_whole_however_they_are_read(messages: list[Request], step: int) -> None:
    stream = io.BytesIO(b"".join(map(frame, messages)))

    def read(size: int) -> bytes:
        return stream.read(min(size, step))

    assert [decode_request(read_frame(read)) for _ in messages] == messages
    with pytest.raises(EOFError):
        read_frame(read)


@pytest.mark.parametrize("reply", [Words([]), Words([WORD, WORD], MEAN), Failed("no")])
def test_replies(reply: Reply) -> None:
    assert decode_reply(read_frame(io.BytesIO(frame(reply)).read)) == reply


def test_end_inside_a_message() -> None:
    with pytest.raises(EOFError):
        read_frame(io.BytesIO(frame(Feed(b"samples"))[:-1]).read)


class FragileDecoder:
    """Stands in for a `SegmentDecoder`; breaks on being fed ``bad``."""

    def begin(self, cmn: CepstralMean | None) -> None:
        self.cmn = cmn

    def feed(self, samples: bytes) -> None:
        if samples == b"bad":
            raise ValueError("bad samples")

    def partial(self) -> list[RecognizedWord]:
        return [WORD]

    def finish(self) -> tuple[list[RecognizedWord], CepstralMean | None]:
        return [WORD, WORD], self.cmn


def test_only_questions_are_answered() -> None:
    server = DecoderServer(FragileDecoder())  # type: ignore[arg-type]
    assert server.answer(Begin(MEAN)) is None
    assert server.answer(Feed(b"good")) is None
    assert server.answer(Partial()) == Words([WORD])
    assert server.answer(Finish()) == Words([WORD, WORD], MEAN)


def test_a_failure_is_told_in_the_next_answers_and_ends_with_the_segment() -> None:
    server = DecoderServer(FragileDecoder())  # type: ignore[arg-type]
    server.answer(Begin(None))
    assert server.answer(Feed(b"bad")) is None
    assert server.answer(Feed(b"good")) is None
    assert server.answer(Partial()) == Failed("ValueError: bad samples")
    assert server.answer(Finish()) == Failed("ValueError: bad samples")
    server.answer(Begin(None))
    assert server.answer(Partial()) == Words([WORD])
