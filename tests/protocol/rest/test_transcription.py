"""Answers about recordings and texts: nothing of a recorded one is lost, and sparse ones are as good as full ones."""

from __future__ import annotations

from typing import Any, get_type_hints

import msgspec
import pytest
from hypothesis import given

from deepgram_anyio.errors import ConfigError
from deepgram_anyio.protocol.options import merge_options
from deepgram_anyio.protocol.rest.analysis import Analysis, AnalysisAccepted, ReadOptions, ReadParams
from deepgram_anyio.protocol.rest.base import RawResponse
from deepgram_anyio.protocol.rest.prerecorded_options import PrerecordedOptions, PrerecordedParams
from deepgram_anyio.protocol.rest.transcription import Transcription, TranscriptionAccepted

from .. import steady
from .answers import RECORDED, SPOKEN, answer, decoded, recorded, word

CONVERSATION = answer(
    [
        word("Hello", 0.0, punctuated_word="Hello,", speaker=1),
        word("there", 1.0, speaker=1),
        word("Bye", 3.0, punctuated_word="Bye.", speaker=0),
        word("well", 4.0, speaker=1),
    ]
)


def _sparse(text: str) -> Transcription:
    return msgspec.json.decode(text, type=Transcription)


# Recorded answers


@pytest.mark.parametrize("name", RECORDED)
def test_nothing_of_a_recorded_transcription_is_lost(name: str) -> None:
    data = recorded(name)
    found = decoded(data)
    assert found.to_dict() == data
    assert msgspec.json.decode(found.to_json()) == data


def test_nothing_of_a_recorded_analysis_is_lost() -> None:
    data = recorded("read_rest/summarize.json")
    found = msgspec.json.decode(msgspec.json.encode(data), type=Analysis)
    assert found.to_dict() == data
    assert found.summary is not None
    assert found.summary.startswith("The potential for voice-based interfaces")
    assert found.request_id == "a7aac20e-ea39-4640-8c7b-0ece96170a33"


def test_what_most_programs_ask_of_a_recorded_answer() -> None:
    found = decoded(recorded("listen_rest/bueller_url_summarize.json"))
    assert found.request_id == "87b489fa-8fec-4782-9428-8f45f1c0601e"
    assert found.duration_s == 17.566313
    assert found.transcript.startswith("Yep. I said it before and I'll say it again. Life moves pretty fast.")
    assert found.words[0].text == "Yep."
    assert found.summary
    assert found.speakers == []
    assert [speaker for speaker, _ in found.by_speaker()] == [None]


@steady(50)
@given(SPOKEN)
def test_nothing_of_any_answer_is_lost(data: dict[str, Any]) -> None:
    assert decoded(data).to_dict() == data


# Helpers


def test_who_said_what() -> None:
    found = decoded(CONVERSATION)
    assert found.speakers == [0, 1]
    assert list(found.by_speaker()) == [(1, "Hello, there"), (0, "Bye."), (1, "well")]


def test_several_channels() -> None:
    found = decoded(answer([word("a", 0.0), word("c", 2.0)], [word("b", 1.0)]))
    assert found.transcripts == ["a c", "b"]
    assert found.transcript == "a c\nb"
    assert [found_word.word for found_word in found.words] == ["a", "b", "c"]
    assert list(found.by_speaker()) == [(None, "a b c")]


def test_paragraphs_and_utterances() -> None:
    data = answer([word("hi", 0.0)], utterances=[{"start": 0.0, "end": 0.5, "transcript": "hi", "words": []}])
    sentences = [{"text": "Hi.", "start": 0.0, "end": 0.5}, {"text": "So.", "start": 1.0, "end": 1.5}]
    data["results"]["channels"][0]["alternatives"][0]["paragraphs"] = {"paragraphs": [{"sentences": sentences}]}
    found = decoded(data)
    assert [paragraph.text for paragraph in found.paragraphs] == ["Hi. So."]
    assert [utterance.transcript for utterance in found.utterances] == ["hi"]
    assert found.to_dict() == data


def test_what_was_said_about_it() -> None:
    sentiment = {"sentiment": "neutral", "sentiment_score": 0.1}
    found = decoded(answer([], summary={"result": "success", "short": "Bye."}, sentiments={"average": sentiment}))
    assert found.summary == "Bye."
    assert found.sentiment is not None
    assert found.sentiment.to_dict() == sentiment
    assert decoded(answer([], summary={"text": "Well."})).summary == "Well."


def test_entities_have_what_the_server_sent() -> None:
    data = answer([word("bob", 0.0)])
    entity = {"label": "NAME", "value": "Bob", "confidence": 0.9, "start_word": 0.0, "end_word": 1.0}
    data["results"]["channels"][0]["alternatives"][0]["entities"] = [entity]
    [found] = decoded(data).best[0].entities or []
    assert found.to_dict() == entity
    assert found.raw_value is None


def test_the_request_id_is_the_bodys_or_the_headers() -> None:
    raw = RawResponse(status=200, headers={"dg-request-id": "header"}, content=b"")
    for cls in (Transcription, Analysis):
        found = msgspec.json.decode('{"metadata": {"request_id": "body"}, "results": {}}', type=cls)
        bare = msgspec.json.decode('{"metadata": {}, "results": {}}', type=cls)
        for item in (found, bare):
            item.attach(raw)
        assert (found.request_id, bare.request_id) == ("body", "header")


@pytest.mark.parametrize("cls", [TranscriptionAccepted, AnalysisAccepted])
def test_an_accepted_request_has_its_identifier(cls: type[Any]) -> None:
    assert msgspec.json.decode('{"request_id": "body"}', type=cls).request_id == "body"


# Sparse answers


@pytest.mark.parametrize(
    "results",
    ["{}", '{"channels": null}', '{"channels": []}', '{"channels": [], "utterances": null, "summary": null}'],
)
def test_no_channels(results: str) -> None:
    found = _sparse(f'{{"metadata": {{}}, "results": {results}}}')
    assert (found.transcript, found.transcripts, found.best) == ("", [], [])
    assert (found.words, found.paragraphs, found.utterances, found.speakers) == ([], [], [], [])
    assert (found.summary, found.sentiment, found.duration_s, found.request_id) == (None, None, 0.0, None)
    assert list(found.by_speaker()) == []


@pytest.mark.parametrize(
    "channel",
    [
        "{}",
        '{"alternatives": null, "search": null}',
        '{"alternatives": []}',
        '{"alternatives": [{}]}',
        '{"alternatives": [{"transcript": null, "words": null, "paragraphs": null, "entities": null, "x": [1]}]}',
        '{"alternatives": [{"paragraphs": {"transcript": null, "paragraphs": null}}]}',
    ],
)
def test_nothing_on_a_channel(channel: str) -> None:
    found = _sparse(f'{{"metadata": {{"x": 1}}, "results": {{"channels": [{channel}]}}, "x": {{}}}}')
    assert (found.transcript, found.transcripts) == ("", [""])
    assert (found.words, found.paragraphs, found.speakers) == ([], [], [])
    assert len(found.best) == 1


def test_nothing_in_paragraphs_and_utterances() -> None:
    utterance = '{"start": 0, "end": 1, "transcript": null, "words": null}'
    alternative = '{"paragraphs": {"paragraphs": [{"sentences": null}, {}]}}'
    found = _sparse(
        f'{{"metadata": {{}}, "results": {{"channels": [{{"alternatives": [{alternative}]}}],'
        f' "utterances": [{utterance}]}}}}'
    )
    assert [paragraph.text for paragraph in found.paragraphs] == ["", ""]
    assert (found.utterances[0].transcript, found.utterances[0].words) == ("", [])


def test_a_word_without_confidence_stays_without() -> None:
    data = answer([{"word": "a", "start": 0.0, "end": 0.5}])
    found = decoded(data)
    assert found.words[0].confidence == 0.0
    assert found.to_dict() == data


@pytest.mark.parametrize("part", [{}, {"segments": None}, {"segments": []}, {"segments": [{}]}])
def test_no_topics_and_no_intents(part: dict[str, Any]) -> None:
    found = msgspec.convert({"metadata": {}, "results": {"topics": part, "intents": part}}, Analysis)
    assert (found.topics, found.intents, found.summary, found.sentiment) == ([], [], None, None)


def test_an_analysis_of_nothing() -> None:
    found = msgspec.convert({"metadata": {}, "results": {}}, Analysis)
    assert (found.topics, found.intents, found.summary, found.sentiment) == ([], [], None, None)


def test_topics_intents_and_sentiments_of_a_text() -> None:
    topics = [{"topics": [{"topic": "a"}, {"topic": "b"}]}, {"topics": [{"topic": "c"}]}]
    intents = [{"intents": [{"intent": "go"}]}]
    results = {
        "summary": {"short": "so"},
        "topics": {"segments": topics},
        "intents": {"segments": intents},
        "sentiments": {"average": {"sentiment": "positive"}},
    }
    found = msgspec.convert({"metadata": {}, "results": results}, Analysis)
    assert [topic.topic for topic in found.topics] == ["a", "b", "c"]
    assert [intent.intent for intent in found.intents] == ["go"]
    assert found.sentiment is not None
    assert (found.sentiment.sentiment, found.summary) == ("positive", "so")


# Options


@pytest.mark.parametrize(("options", "params"), [(PrerecordedOptions, PrerecordedParams), (ReadOptions, ReadParams)])
def test_keywords_are_the_fields(options: type[Any], params: type[Any]) -> None:
    assert set(get_type_hints(params)) == set(options.__struct_fields__) - {"callback"}


def test_query_of_a_transcription() -> None:
    asked = PrerecordedOptions(
        smart_format=True, diarize=False, keyterm=["a b", "c"], extra={"k": "v", "l": "w"}, utt_split=0.5, redact="pci"
    )
    assert asked.to_query() == (
        "model=nova-3&smart_format=true&utt_split=0.5&redact=pci&keyterm=a+b&keyterm=c&diarize=false&extra=k%3Av"
        "&extra=l%3Aw"
    )


@pytest.mark.parametrize(
    "wrong",
    [{"model": ""}, {"callback_method": "GET"}, {"callback": ""}, {"callback": "ftp://a"}, {"alternatives": 0}],
)
def test_a_transcription_that_cannot_work(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        merge_options(PrerecordedOptions, None, wrong)


def test_an_analysis_needs_something_to_do() -> None:
    with pytest.raises(ConfigError, match="ask for summarize, topics, intents or sentiment"):
        merge_options(ReadOptions, None, {"language": "en"})
    for asked in ("summarize", "topics", "intents", "sentiment"):
        assert merge_options(ReadOptions, None, {asked: True, "callback": "https://a/"}).callback == "https://a/"
    with pytest.raises(ConfigError, match="callback_method"):
        merge_options(ReadOptions, None, {"topics": True, "callback_method": "DELETE"})
