"""Captions: what the vendor's library makes of the same answer, of recordings and of live results."""

from __future__ import annotations

import builtins
import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from deepgram_captions import DeepgramConverter, srt, webvtt
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.errors import ConfigError
from deepgram_anyio.protocol import listen
from deepgram_anyio.protocol.messages import UnknownEvent
from deepgram_anyio.protocol.rest.live_transcript import LiveTranscript
from tests.shared import shared

from .. import steady
from .answers import RECORDED, SPOKEN, answer, decoded, recorded, word

MODEL = listen.ModelInfo(name="general-nova-3", version="1", arch="nova-3")
BEHIND = listen.ResultsMetadata(request_id="request-1", model_info=MODEL, model_uuid="model-1")


def _final(text: str, start: float, *, channels: Sequence[int] = (0, 1), **more: Any) -> listen.Results:
    words = [
        listen.Word(word=said.lower(), start=start + i, end=start + i + 0.5, confidence=0.5, punctuated_word=said)
        for i, said in enumerate(text.split())
    ]
    heard = listen.Channel(
        alternatives=[listen.Alternative(transcript=text, confidence=0.5, words=words, languages=more.pop("of", None))]
    )
    return listen.Results(
        channel_index=list(channels),
        duration=float(len(words)),
        start=start,
        channel=heard,
        metadata=BEHIND,
        **{"is_final": True, **more},
    )


# Recordings


@pytest.mark.parametrize("name", RECORDED)
def test_captions_of_recorded_answers(name: str) -> None:
    data = recorded(name)
    found = decoded(data)
    assert found.to_webvtt() == webvtt(DeepgramConverter(data))
    assert found.to_srt() == srt(DeepgramConverter(data))
    assert found.to_webvtt(3) == webvtt(DeepgramConverter(data), 3)


@steady(100)
@given(SPOKEN, st.integers(1, 10))
def test_captions_of_any_answer(data: dict[str, Any], line_length: int) -> None:
    found = decoded(data)
    for converter in (DeepgramConverter(data), DeepgramConverter(found)):
        assert found.to_webvtt(line_length) == webvtt(converter, line_length)
        assert found.to_srt(line_length) == srt(converter, line_length)


def test_the_first_speaker_may_be_any() -> None:
    found = decoded(answer([word("a", 0.0, speaker=1), word("b", 1.0), word("c", 2.0, speaker=1)]))
    assert found.to_webvtt().split("\n\n")[2:] == [
        "00:00:00.000 --> 00:00:00.500\n<v Speaker 1>a",
        "00:00:01.000 --> 00:00:01.500\n<v Speaker 0>b",
        "00:00:02.000 --> 00:00:02.500\n<v Speaker 1>c\n",
    ]
    assert found.to_srt().splitlines()[:4] == ["1", "00:00:00,000 --> 00:00:00,500", "[speaker 1]", "a"]


def test_utterances_without_words_are_left_out() -> None:
    said = [{"start": 0.0, "end": 0.0, "transcript": "", "words": []}]
    said.append({"start": 0.0, "end": 0.5, "transcript": "a", "words": [word("a", 0.0)]})
    assert decoded(answer([], utterances=said)).to_srt() == "1\n00:00:00,000 --> 00:00:00,500\na\n"


@pytest.mark.parametrize("data", [answer(), answer([]), answer([], utterances=[])])
def test_nothing_to_caption(data: dict[str, Any]) -> None:
    for write in (decoded(data).to_webvtt, decoded(data).to_srt):
        with pytest.raises(ConfigError, match=r"^there is nothing to caption"):
            write()


def test_no_alternatives_to_caption() -> None:
    data = answer([word("a", 0.0)])
    data["results"]["channels"][0]["alternatives"] = []
    with pytest.raises(ConfigError, match=r"^there is nothing to caption"):
        decoded(data).to_srt()


@pytest.mark.parametrize("line_length", [0, -1])
def test_a_line_has_words(line_length: int) -> None:
    with pytest.raises(ConfigError, match="line_length must be a positive number"):
        decoded(answer([word("a", 0.0)])).to_srt(line_length)


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    importing = builtins.__import__

    def import_(name: str, *args: Any) -> Any:
        if name == "deepgram_captions":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return importing(name, *args)

    monkeypatch.setattr(builtins, "__import__", import_)
    with pytest.raises(ConfigError) as caught:
        decoded(answer([word("a", 0.0)])).to_webvtt()
    assert str(caught.value) == (
        "No module named 'deepgram_captions'; it comes with: pip install \"deepgram-anyio[captions]\""
    )
    assert isinstance(caught.value.__cause__, ImportError)


# Live


def _collected(*events: object, utterances: bool = False) -> LiveTranscript:
    said = LiveTranscript(utterances=utterances)
    for event in events:
        said.add(event)
    return said


def _metadata(**more: Any) -> listen.Metadata:
    given: Mapping[str, Any] = {
        "transaction_key": "deprecated",
        "request_id": "request-2",
        "sha256": "00",
        "created": "2024-08-02T09:02:27.158Z",
        "duration": 9.0,
        "channels": 1,
        **more,
    }
    return listen.Metadata(**given)


def test_finals_make_the_transcript() -> None:
    said = _collected(
        _final("Hell", 0.0, is_final=False),
        _final("Hello there.", 0.0),
        listen.SpeechStarted(channel=[0, 1], timestamp=0.0),
        _final("", 2.0),
        UnknownEvent(type="New", raw=b"{}"),
        _final("Bye.", 5.0, speech_final=True),
        _metadata(),
    )
    found = said.transcription()
    assert found.transcript == "Hello there. Bye."
    assert [(w.text, w.start) for w in found.words] == [("Hello", 0.0), ("there.", 1.0), ("Bye.", 5.0)]
    assert (found.duration_s, found.request_id, found.metadata.channels) == (9.0, "request-2", 1)
    assert found.metadata.models == ["model-1"]
    assert found.metadata.to_dict()["created"] == "2024-08-02T09:02:27.158Z"
    assert found.results.utterances is None
    assert found.best[0].confidence == 0.5
    assert found.to_json() == decoded(json.loads(found.to_json())).to_json()


def test_a_recorded_result() -> None:
    event = msgspec.json.decode(
        shared("fixtures/listen_websocket/results_final.json").read_bytes(), type=listen.Results
    )
    found = _collected(event).transcription()
    assert found.transcript == event.transcript != ""
    assert [found_word.to_dict() for found_word in found.words] == [said.to_dict() for said in event.words]
    assert found.request_id == event.metadata.request_id


def test_what_a_broken_stream_leaves() -> None:
    found = _collected(_final("so", 3.0, of=["en"]), _final("oui", 4.0, of=["fr", "en"])).transcription()
    assert (found.request_id, found.duration_s, found.metadata.channels) == ("request-1", 5.0, 1)
    assert found.best[0].languages == ["en", "fr"]
    assert found.metadata.model_info == {"model-1": MODEL}


def test_metadata_that_know_better_or_less() -> None:
    known = {"model-2": MODEL}
    found = _collected(_final("so", 3.0), _metadata(models=["model-2"], model_info=known, duration=1.0, created="?"))
    metadata = found.transcription().metadata
    assert (metadata.models, metadata.model_info) == (["model-2"], known)
    assert (metadata.created, metadata.duration) == (None, 4.0)


def test_channels_stay_apart() -> None:
    said = _collected(
        _final("right now", 1.0, channels=(1, 3), speech_final=True),
        _final("left", 0.0, channels=(0, 3)),
        utterances=True,
    )
    found = said.transcription()
    assert found.transcripts == ["left", "right now", ""]
    assert [(u.channel, u.transcript, u.start, u.end) for u in found.utterances] == [
        (0, "left", 0.0, 0.5),
        (1, "right now", 1.0, 2.5),
    ]


def test_pauses_end_utterances() -> None:
    said = _collected(
        _final("One", 0.0),
        _final("two.", 1.0, speech_final=True),
        _final("", 2.0, speech_final=True),
        _final("Three", 3.0),
        utterances=True,
    )
    assert [u.transcript for u in said.transcription().utterances] == ["One two.", "Three"]
    said.add(_final("four.", 4.0, speech_final=True))
    assert [u.transcript for u in said.transcription().utterances] == ["One two.", "Three four."]


def test_live_captions_are_those_of_a_recording() -> None:
    said = _collected(_final("One two", 0.0), _final("three", 2.0, speech_final=True), _metadata())
    for found in (said, _collected(_final("One two", 0.0), _final("three", 2.0), _metadata(), utterances=True)):
        data = found.transcription().to_dict()
        assert found.to_webvtt(2) == webvtt(DeepgramConverter(data), 2)
        assert found.to_srt(2) == srt(DeepgramConverter(data), 2)
    assert said.to_srt() == "1\n00:00:00,000 --> 00:00:02,500\nOne two three\n"


def test_results_of_an_odd_form() -> None:
    odd = _final("so", 0.0, channels=())
    silent = _final("", 1.0)
    silent.channel.alternatives = []
    assert _collected(odd, silent).transcription().transcripts == ["so"]


def test_nothing_was_said() -> None:
    said = LiveTranscript(utterances=True)
    assert said.transcription().to_dict() == {
        "metadata": {"duration": 0.0, "channels": 0},
        "results": {"channels": [], "utterances": []},
    }
    with pytest.raises(ConfigError, match=r"^there is nothing to caption"):
        said.to_webvtt()
