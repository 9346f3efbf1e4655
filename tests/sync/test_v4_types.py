"""Records of v4: nothing that a server sends is lost, and everything can be had in the ways of v4."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import fields
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.sync.v4.errors import DeepgramTypeError
from deepgram_anyio.sync.v4.events import Sentiment
from deepgram_anyio.sync.v4.options_listen import LiveOptions
from deepgram_anyio.sync.v4.responses_agent import HistoryFunctionCall, HistoryResponse
from deepgram_anyio.sync.v4.responses_analyze import AnalyzeResponse
from deepgram_anyio.sync.v4.responses_common import ErrorResponse, ModelInfo, Segment, Sentiments
from deepgram_anyio.sync.v4.responses_listen import ListenRESTMetadata, ListenRESTWord, PrerecordedResponse
from deepgram_anyio.sync.v4.responses_live import ListenWSWord, LiveResultResponse
from deepgram_anyio.sync.v4.responses_manage import KeyResponse
from deepgram_anyio.sync.v4.responses_speak import SpeakRESTResponse, WarningResponse

from ..shared import shared
from .v4_names import find, responses

RESULTS: dict[str, Any] = {
    "type": "Results",
    "channel_index": [0, 1],
    "duration": 3.08,
    "start": 0.74,
    "is_final": True,
    "speech_final": False,
    "from_finalize": False,
    "channel": {
        "alternatives": [
            {
                "transcript": "Hello there.",
                "confidence": 0.98,
                "words": [
                    {"word": "hello", "start": 1.2, "end": 1.6, "confidence": 0.9, "punctuated_word": "Hello"},
                    {"word": "there", "start": 1.6, "end": 2.1, "confidence": 0.9, "punctuated_word": "there."},
                ],
            }
        ]
    },
    "metadata": {"request_id": "r", "model_uuid": "m", "model_info": {"name": "n", "version": "v", "arch": "a"}},
    "entities": [{"label": "NAME", "value": "There"}],
    "to_dict": "a key like a method",
}

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
)
JSON = st.recursive(
    SCALARS,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=4), part, max_size=3),
    max_leaves=8,
)


@st.composite
def wire_data(draw: st.DrawFn, cls: type[Any], depth: int = 0) -> dict[str, Any]:
    """Some fields with values of any shape, nested records among them, and some keys that are no fields."""
    names = st.sampled_from(
        [*(field.name for field in fields(cls)), "new_key", "_extra", "_unsent", "to_dict", "__class__", "__deepcopy__"]
    )
    nested = st.sampled_from(responses()).flatmap(lambda other: wire_data(other, depth + 1))
    value = JSON if depth > 1 else JSON | nested | st.lists(nested, max_size=2)
    return draw(st.dictionaries(names | st.text(max_size=4), value, max_size=5))


def holds(whole: Any, part: Any) -> bool:
    """Whether one JSON value holds another: dicts may have more keys, and a None may be missing."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(holds(whole.get(key), value) for key, value in part.items())
    if isinstance(part, list):
        return isinstance(whole, list) and len(whole) == len(part) and all(map(holds, whole, part))
    return part is None or (type(whole) is type(part) and whole == part)


@given(st.data())
def test_nothing_is_lost(data: st.DataObject) -> None:
    cls = data.draw(st.sampled_from(responses()))
    sent = data.draw(wire_data(cls))
    record = cls.from_dict(sent)
    kept = record.to_dict()
    assert holds(kept, sent)
    assert {key for key, value in kept.items() if value is None} <= sent.keys() - {field.name for field in fields(cls)}
    for key in sent:
        assert key in kept or record[key] is None
    again = cls.from_json(record.to_json())
    assert cls.from_dict(again.to_dict()) == again
    assert json.loads(str(record)) == kept


@given(st.data())
def test_copies_are_equal(data: st.DataObject) -> None:
    cls = data.draw(st.sampled_from(responses()))
    record = cls.from_dict(data.draw(wire_data(cls)))
    for other in (copy.copy(record), copy.deepcopy(record), pickle.loads(pickle.dumps(record))):
        assert other == record
        assert other.to_dict() == record.to_dict()
        assert repr(other) == repr(record)


def test_paths_and_items_and_attributes() -> None:
    result = LiveResultResponse.from_dict(RESULTS)
    assert result.channel.alternatives[0].words[1] == ListenWSWord("there", 1.6, 2.1, 0.9, "there.")
    assert result["channel"]["alternatives"][0]["transcript"] == "Hello there."
    assert result.metadata.model_info == ModelInfo("n", "v", "a")
    assert result.entities == result["entities"] == [{"label": "NAME", "value": "There"}]
    assert result["to_dict"] == "a key like a method"
    assert result.to_dict() == RESULTS == dict(result) | {name: RESULTS[name] for name in ("channel", "metadata")}
    assert result["nothing"] is None
    assert not hasattr(result, "nothing")
    assert "channel" in result
    assert "nothing" not in result
    assert list(result) == list(result.to_dict())


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("channel.alternatives.0.transcript", "Hello there."),
        ("channel.alternatives.0.words.1.start", "1.6"),
        ("channel.alternatives.0.words.0", str(RESULTS["channel"]["alternatives"][0]["words"][0])),
        ("entities.0.label", "NAME"),
        ("is_final", "True"),
        ("from_finalize", "False"),
        ("channel_index.0", "0"),
        ("channel_index.²", ""),
        ("channel.alternatives.1.transcript", ""),
        ("channel.alternatives.-1.transcript", ""),
        ("channel.alternatives.x", ""),
        ("channel.search", ""),
        ("is_final.x", ""),
        ("nothing.at.all", ""),
        ("", ""),
    ],
)
def test_eval(path: str, text: str) -> None:
    assert LiveResultResponse.from_dict(RESULTS).eval(path) == text


def test_items_can_be_set() -> None:
    word = ListenWSWord("hello")
    word["start"] = 1.5
    word["colour"] = "red"
    word["keys"] = "kept"
    word.size = 3
    assert (word.start, word.colour, word["keys"], word["size"]) == (1.5, "red", "kept", 3)
    assert word.to_dict() == {
        "word": "hello",
        "start": 1.5,
        "end": 0,
        "confidence": 0,
        "colour": "red",
        "keys": "kept",
        "size": 3,
    }
    assert word != ListenWSWord("hello", 1.5)
    assert repr(ListenWSWord("a")) == (
        "ListenWSWord(word='a', start=0, end=0, confidence=0, punctuated_word=None, speaker=None, language=None)"
    )


def test_texts_are_json() -> None:
    options = LiveOptions(model="nova-3", keyterm=["Zürich"])
    assert str(options) == '{\n    "keyterm": [\n        "Zürich"\n    ],\n    "model": "nova-3"\n}'
    assert options.to_json() == '{"keyterm": ["Z\\u00fcrich"], "model": "nova-3"}'
    assert LiveOptions.from_json(options.to_json(indent=2)) == options
    with pytest.raises(json.JSONDecodeError):
        LiveOptions.from_json("{")


def test_only_a_mapping_makes_a_record() -> None:
    assert LiveOptions.from_dict(None) == LiveOptions()
    assert LiveResultResponse.from_dict({}).channel is None
    for wrong in ("[]", "1", '"text"'):
        with pytest.raises(DeepgramTypeError, match="LiveOptions is made from a mapping"):
            LiveOptions.from_json(wrong)


def test_defaults_are_not_shared() -> None:
    one, other = find("ListenWSChannel"), find("ListenWSChannel")
    one().alternatives.append(1)
    one.from_dict({}).alternatives.append(1)
    assert other().alternatives == other.from_dict({}).alternatives == []


def test_sentiments_are_members() -> None:
    sentiments = Sentiments.from_dict({"average": {"sentiment": "positive", "sentiment_score": 0.5}})
    assert sentiments.average.sentiment is Sentiment.POSITIVE
    assert Segment.from_dict({"sentiment": "bored"}).sentiment == "bored"
    assert ListenRESTWord.from_dict({"sentiment": ["odd"]}).to_dict()["sentiment"] == ["odd"]
    assert type(sentiments.to_dict()["average"]["sentiment"]) is str


def test_records_in_dicts_and_lists() -> None:
    sent = {"model_info": {"id": {"name": "n"}}, "warnings": [{"parameter": "p"}, None]}
    metadata = ListenRESTMetadata.from_dict(sent)
    assert metadata.model_info == {"id": ModelInfo("n")}
    assert metadata.warnings is not None
    assert metadata.warnings[0] == find("Warning")("p")
    calls = HistoryResponse.from_dict({"function_calls": [{"id": "1"}]}).function_calls
    assert calls == [HistoryFunctionCall("1")]


def test_warnings_of_today_fill_the_fields_of_v4() -> None:
    sent = {"type": "Warning", "code": "TOO_MANY", "description": "Slow down."}
    warning = WarningResponse.from_dict(sent)
    assert (warning.warn_code, warning.warn_msg) == ("TOO_MANY", "Slow down.")
    assert holds(warning.to_dict(), sent)
    assert WarningResponse.from_dict({"warn_code": "OLD", "code": "NEW"}).warn_code == "OLD"


def test_errors_keep_their_code() -> None:
    assert ErrorResponse.from_dict({"description": "d", "code": "INVALID_SETTINGS"}).code == "INVALID_SETTINGS"


def test_speech_is_no_part_of_the_text() -> None:
    stored = json.loads(shared("fixtures/speak_rest_headers.json").read_text("utf-8"))
    speech = SpeakRESTResponse.from_dict(stored)
    speech.filename, speech.stream = "a.mp3", BytesIO(b"a")
    assert speech.to_dict() == stored | {"filename": "a.mp3"}
    assert json.loads(str(speech)) == speech.to_dict()


def test_keys_are_not_shown() -> None:
    sent = {"api_key": {"api_key_id": "1", "key": "s3cret", "comment": "", "created": "", "scopes": []}}
    answer = KeyResponse.from_dict(sent)
    assert answer.api_key.key == answer.eval("api_key.key") == "s3cret"
    assert "s3cret" not in repr(answer)
    assert "s3cret" in str(answer)


@pytest.mark.parametrize(
    ("path", "cls"),
    [
        ("fixtures/listen_rest/bueller_url_summarize.json", PrerecordedResponse),
        ("fixtures/listen_rest/preamble_file.json", PrerecordedResponse),
        ("fixtures/listen_websocket/results_final.json", LiveResultResponse),
        ("fixtures/read_rest/summarize.json", AnalyzeResponse),
    ],
)
def test_recorded_answers(path: str, cls: type[Any]) -> None:
    sent = json.loads(shared(path).read_text("utf-8"))
    assert cls.from_dict(sent).to_dict() == sent
    assert json.loads(cls.from_dict(sent).to_json()) == sent


@pytest.mark.parametrize(
    "name", ["basic_conversation", "function_call_conversation", "inject_agent_message", "agent_tags"]
)
def test_recorded_conversations(name: str) -> None:
    for event in json.loads(shared(f"fixtures/agent_websocket/{name}.events.json").read_text("utf-8")):
        sent = json.loads(event["data"]["raw"]) if event["type"] == "Unhandled" else event["data"]
        kind = sent.get("type", event["type"])
        cls = find(f"{kind}Response") or find(kind)
        assert cls is not None, kind
        assert cls.from_dict(sent).to_dict() == sent


def test_an_odd_code_of_a_warning_is_kept() -> None:
    assert WarningResponse.from_dict({"warn_code": [], "code": "X"})["warn_code"] == []
    assert WarningResponse.from_dict({"code": "X", "description": "Slow."}).warn_msg == "Slow."
