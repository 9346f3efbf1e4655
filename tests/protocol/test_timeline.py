"""One timeline over several connections: the table of times, and results that overlap."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec
import pytest

from deepgram_anyio.protocol import flux, listen
from deepgram_anyio.protocol.messages import Data, Message
from deepgram_anyio.protocol.timeline import NUMBERS, TIMES, cut_before, shift

from ..transport.fakes import metadata, results
from .flux_support import turn

# Numbers of the server's messages that are neither a time of the stream nor count on over connections.
OTHER_NUMBERS = {
    *("channel", "channel_index", "channels", "confidence", "duration", "end_of_turn_confidence"),
    *("eager_eot_threshold", "eot_threshold", "eot_timeout_ms", "start_word", "end_word", "speaker"),
}


def numbers_in(kind: Any, path: str = "") -> set[str]:
    """The paths of all numbers in a message type."""
    found: set[str] = set()
    info = msgspec.inspect.type_info(kind)
    if isinstance(info, msgspec.inspect.UnionType):
        for option in info.types:
            found |= _numbers_of(option, path)
        return found
    return _numbers_of(info, path)


def _numbers_of(info: Any, path: str) -> set[str]:
    if isinstance(info, (msgspec.inspect.FloatType, msgspec.inspect.IntType)):
        return {path}
    if isinstance(info, msgspec.inspect.ListType):
        return _numbers_of(info.item_type, f"{path}[]")
    if isinstance(info, msgspec.inspect.UnionType):
        return set().union(*(_numbers_of(option, path) for option in info.types))
    if isinstance(info, msgspec.inspect.StructType):
        return set().union(
            *(_numbers_of(field.type, f"{path}.{field.name}" if path else field.name) for field in info.fields)
        )
    return set()


def server_messages() -> list[type[Message]]:
    modules = (listen, flux)
    kinds = {kind for module in modules for _, kind in inspect.getmembers(module, inspect.isclass)}
    return sorted((kind for kind in kinds if issubclass(kind, Message) and kind is not Message), key=repr)


@pytest.mark.parametrize("kind", server_messages(), ids=lambda kind: kind.__module__.rpartition(".")[2] + kind.__name__)
def test_the_tables_know_every_time_and_number_of_every_message(kind: type[Message]) -> None:
    listed, found = {*TIMES.get(kind, ()), *NUMBERS.get(kind, ())}, numbers_in(kind)
    assert listed <= found, "the table names a field that there is not"
    names = {path.removesuffix("[]").rpartition(".")[2] or path.removesuffix("[]") for path in found - listed}
    assert names <= OTHER_NUMBERS


def test_everything_moves_together() -> None:
    result = results(1.0, 2.0, text="a b")
    result.channel.search = [listen.SearchTerm(query="a", hits=[listen.SearchHit(confidence=1.0, start=1.0, end=1.5)])]
    shift(result, 10.0)
    assert (result.start, result.duration) == (11.0, 2.0)
    assert [(word.start, word.end) for word in result.words] == [(11.0, 11.0)] * 2
    hit = result.channel.search[0].hits[0]
    assert (hit.start, hit.end) == (11.0, 11.5)


def test_a_turn_moves_with_its_numbers() -> None:
    moved = turn(number=2, until=1.5, text="yes")
    moved.words[0].start, moved.words[0].end = 0.5, 1.0
    shift(moved, 10.0, {"sequence_id": 7, "turn_index": 3})
    assert (moved.sequence_id, moved.turn_index) == (9, 3)
    assert (moved.audio_window_start, moved.audio_window_end) == (10.0, 11.5)
    assert (moved.words[0].start, moved.words[0].end) == (10.5, 11.0)


@pytest.mark.parametrize(
    ("event", "name", "expected"),
    [
        (metadata(2.0), "duration", 7.0),
        (listen.UtteranceEnd(channel=[0, 1], last_word_end=1.5), "last_word_end", 6.5),
        (listen.UtteranceEnd(channel=[0, 1], last_word_end=-1), "last_word_end", -1),
        (listen.SpeechStarted(channel=[0, 1], timestamp=0.0), "timestamp", 5.0),
        (flux.Connected(request_id="r", sequence_id=0), "sequence_id", 0),
    ],
)
def test_single_times(event: Data, name: str, expected: float) -> None:
    shift(event, 5.0)
    assert getattr(event, name) == expected


def test_words_without_times_stay_without() -> None:
    moved = turn(text="yes")
    shift(moved, 1.0)
    assert moved.words[0].start is None


def spoken(*words: tuple[str, float, float], start: float = 0.0, duration: float = 4.0) -> listen.Results:
    result = results(start, duration, text=" ".join(word for word, _, _ in words))
    for word, (_, begin, end) in zip(result.words, words, strict=True):
        word.start, word.end, word.punctuated_word = begin, end, f"{word.word.capitalize()}."
    return result


def test_words_that_were_final_before_are_cut_out() -> None:
    result = spoken(("one", 0.0, 1.0), ("two", 1.5, 2.1), ("three", 1.9, 2.4), ("four", 3.0, 4.0))
    assert cut_before(result, 2.0)
    assert (result.start, result.duration) == (2.0, 2.0)
    assert result.transcript == "Three. Four."
    assert [word.word for word in result.words] == ["three", "four"]


def test_a_result_behind_the_line_is_left_alone() -> None:
    result = spoken(("one", 2.0, 3.0), start=2.0)
    whole = result.to_json()
    assert cut_before(result, 2.0)
    assert result.to_json() == whole


def test_a_result_before_the_line_is_emptied() -> None:
    result = spoken(("one", 0.0, 1.0))
    assert not cut_before(result, 9.0)
    assert (result.start, result.duration, result.transcript, result.words) == (9.0, 0.0, "", [])


def test_other_readings_are_cut_too_and_leave_the_entities_of_the_first() -> None:
    result = spoken(("one", 2.0, 2.5))
    other = spoken(("won", 0.0, 0.5), ("on", 2.0, 2.5)).channel.alternatives[0]
    result.channel.alternatives.append(other)
    result.entities = []
    cut_before(result, 1.0)
    assert [reading.transcript for reading in result.channel.alternatives] == ["one", "On."]
    assert result.entities == []


def test_words_without_punctuation_are_put_together_as_they_are() -> None:
    result = spoken(("one", 0.0, 1.0), ("two", 2.0, 3.0))
    result.words[1].punctuated_word = None
    cut_before(result, 1.5)
    assert result.transcript == "two"


def test_entities_follow_their_words() -> None:
    result = spoken(("call", 0.0, 0.5), ("one", 2.0, 2.5), ("two", 2.5, 3.0))
    common: dict[str, Any] = {"label": "NUMBER", "value": "", "raw_value": "", "confidence": 1.0}
    result.entities = [
        listen.Entity(**common, start_word=0, end_word=1),
        listen.Entity(**common, start_word=1, end_word=3),
    ]
    cut_before(result, 1.0)
    assert [(entity.start_word, entity.end_word) for entity in result.entities] == [(0, 2)]
