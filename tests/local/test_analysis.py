"""The text analysers: what holds for any text, and what they find in real ones."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepgram_anyio.errors import ConfigError
from deepgram_anyio.local.analysis import analyze, language
from deepgram_anyio.local.analysis.language import english
from deepgram_anyio.local.analysis.sentences import Sentence, split_sentences, stretches
from deepgram_anyio.local.analysis.sentiment import sentiment_of
from deepgram_anyio.local.analysis.summary import summarize, text_rank
from deepgram_anyio.protocol.rest.analysis import AnalysisResults, IntentSegment, SentimentSegment, TopicSegment

from ..shared import shared

Segments = Sequence[IntentSegment] | Sequence[SentimentSegment] | Sequence[TopicSegment]

_PROSE = st.lists(
    st.sampled_from(
        [
            *("I", "want", "to", "cancel", "my", "order", "please", "can", "you", "not", "good", "terrible", "love"),
            *(
                "Deepgram",
                "Aura.",
                "weather!",
                "fine?",
                "\n\n",
                "Dr.",
                "3.5",
                "p.m.",
                "“yes”",
                "it\u2019s",
                "—",
                "e.g.",
            ),
        ]
    ),
    max_size=120,
).map(" ".join)
TEXTS = st.one_of(st.text(max_size=300), _PROSE)


def _everything(text: str, **options: object) -> AnalysisResults:
    return analyze(text, summarize=True, topics=True, intents=True, sentiment=True, **options)[0]  # type: ignore[arg-type]


def _check_segments(text: str, segments: Segments) -> None:
    words = text.split()
    previous = -1
    for segment in segments:
        assert segment.start_word is not None
        assert segment.end_word is not None
        assert previous < segment.start_word <= segment.end_word < len(words)
        assert segment.text is not None
        assert segment.text in text
        assert segment.text.split() == words[int(segment.start_word) : int(segment.end_word) + 1]
        previous = int(segment.end_word)


@given(TEXTS)
def test_sentences_cover_the_words(text: str) -> None:
    sentences = split_sentences(text)
    assert [word for sentence in sentences for word in sentence.text.split()] == text.split()
    following = 0
    for sentence in sentences:
        assert sentence.start_word == following
        assert text[sentence.offset :].startswith(sentence.text)
        assert 1 <= len(sentence.words) <= 40
        following = sentence.end_word + 1
    assert following == len(text.split())


@given(TEXTS, st.lists(st.text(max_size=12), max_size=3), st.booleans())
@settings(max_examples=60)
def test_any_text(text: str, custom: list[str], strict: bool) -> None:
    options: dict[str, object] = {f"custom_{kind}": custom for kind in ("topics", "intents")}
    options |= {f"custom_{kind}_strict": strict for kind in ("topics", "intents")}
    found = _everything(text, **options)
    assert found.topics is not None
    assert found.intents is not None
    assert found.sentiments is not None
    assert found.summary is not None
    topics, intents, sentiments = found.topics.segments, found.intents.segments, found.sentiments.segments
    assert topics is not None
    assert intents is not None
    assert sentiments is not None

    for segments in (topics, intents, sentiments):
        _check_segments(text, segments)
    assert sum(len((segment.text or "").split()) for segment in sentiments) == len(text.split())
    for here, after in pairwise(sentiments):
        assert here.sentiment != after.sentiment
    for segment in sentiments:
        assert segment.sentiment_score is not None
        assert -1 <= segment.sentiment_score <= 1
    assert found.sentiments.average is not None
    assert found.sentiments.average.sentiment_score is not None
    assert found.sentiments.average.sentiment == sentiment_of(found.sentiments.average.sentiment_score)

    named = [topic for segment in topics for topic in segment.topics or ()]
    wanted = [intent for segment in intents for intent in segment.intents or ()]
    assert all(topic.topic and 0 <= (topic.confidence_score or 0) <= 1 for topic in named)
    assert all(intent.intent and 0 <= (intent.confidence_score or 0) <= 1 for intent in wanted)
    if strict:
        assert {topic.topic for topic in named} | {intent.intent for intent in wanted} <= set(custom)
    assert set((found.summary.text or "").split()) <= set(text.split())
    assert _everything(text, **options) == found


def test_the_same_from_many_threads() -> None:
    texts = [f"I love the number {number}. I hate all other numbers!" for number in range(16)]
    alone = [_everything(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(_everything, texts)) == alone


def test_only_what_was_asked_for() -> None:
    results, used = analyze("I love it.", sentiment=True)
    assert list(results.to_dict()) == ["sentiments"]
    assert list(used) == ["sentiment_info"]
    assert used["sentiment_info"].input_tokens == 3
    assert used["sentiment_info"].output_tokens == 1
    assert analyze("I love it.") == (AnalysisResults(), {})


def test_the_answer_survives_the_wire() -> None:
    found = _everything("I want to book a flight to Paris. The last one was wonderful!")
    assert msgspec.json.decode(msgspec.json.encode(found), type=AnalysisResults) == found


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("i hate that. it is bad. really", ["i hate that.", "it is bad.", "really"]),
        ("Dr. Smith met J. Doe at 3 p.m. today.", ["Dr. Smith met J. Doe at 3 p.m. today."]),
        ("Well... maybe not. Yes.", ["Well... maybe not.", "Yes."]),
        ('"Stop!" she said. (He did.) Then…', ['"Stop!" she said.', "(He did.)", "Then…"]),
        ("A title\n\nand a text\nof two lines", ["A title", "and a text\nof two lines"]),
        ("A title\n-----\nand a text", ["A title", "-----", "and a text"]),
        ("", []),
    ],
)
def test_where_sentences_end(text: str, sentences: list[str]) -> None:
    assert [sentence.text for sentence in split_sentences(text)] == sentences


def test_without_punctuation_sentences_are_cut_by_length() -> None:
    assert [len(sentence.words) for sentence in split_sentences("word " * 100)] == [33, 33, 34]
    assert [len(sentence.words) for sentence in split_sentences("word " * 40)] == [40]


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("I love this product, it is wonderful.", "positive"),
        ("Great service and very friendly people!", "positive"),
        ("This is the worst phone I have ever had.", "negative"),
        ("The food was terrible and I hated it.", "negative"),
        ("I am not happy with it.", "negative"),
        ("This call may be recorded for training purposes.", "neutral"),
        ("", "neutral"),
    ],
)
def test_sentiments_of_sentences(text: str, sentiment: str) -> None:
    found, _ = analyze(text, sentiment=True)
    assert found.sentiments is not None
    assert found.sentiments.average is not None
    assert found.sentiments.average.sentiment == sentiment
    assert [segment.sentiment for segment in found.sentiments.segments or ()] == [sentiment] * bool(text)


def test_sentiments_shift_and_join() -> None:
    text = "I love it. It is wonderful. The parcel came on Monday. Then it broke, which is awful."
    found, _ = analyze(text, sentiment=True)
    assert found.sentiments is not None
    assert [(s.text, s.start_word, s.end_word, s.sentiment) for s in found.sentiments.segments or ()] == [
        ("I love it. It is wonderful.", 0, 5, "positive"),
        ("The parcel came on Monday.", 6, 10, "neutral"),
        ("Then it broke, which is awful.", 11, 16, "negative"),
    ]


@pytest.mark.parametrize(
    ("text", "intents"),
    [
        ("Hi, I'm calling to cancel my subscription.", ["Cancel subscription"]),
        ("Could you please help me reset my password?", ["Reset password"]),
        ("I\u2019d like to talk to a manager, please.", ["Talk to manager"]),
        ("How do I update my billing address and phone number?", ["Update billing address"]),
        ("I need a refund.", ["Get refund"]),
        ("Can you tell me how to sign up for the premium plan?", ["Sign up"]),
        ("I want to pay and I want to leave.", ["Pay", "Leave"]),
        ("I don't want to wait.", []),
        ("Would you like to hold?", []),
        ("I want it.", []),
        ("The weather is nice.", []),
    ],
)
def test_intents_said_in_so_many_words(text: str, intents: list[str]) -> None:
    found, _ = analyze(text, intents=True)
    assert found.intents is not None
    assert [intent.intent for segment in found.intents.segments or () for intent in segment.intents or ()] == intents


def test_custom_intents() -> None:
    text = "My bank account was closed. I want to open another account."
    found, _ = analyze(text, intents=True, custom_intents=["account closing", "buy a car", "open"])
    assert found.intents is not None
    assert [[(i.intent, i.confidence_score) for i in s.intents or ()] for s in found.intents.segments or ()] == [
        [("account closing", 1.0)],
        [("open", 1.0), ("Open account", 0.9)],
    ]


def test_topics() -> None:
    text = "The solar panels on our roof make electricity. Solar panels are cheap, and batteries store the electricity."
    found, _ = analyze(text, topics=True, custom_topics=["store electricity", "nuclear power"])
    assert found.topics is not None
    assert found.topics.segments is not None
    (segment,) = found.topics.segments
    names = [topic.topic for topic in segment.topics or ()]
    assert names[0] == "store electricity"
    assert "solar panels" in [(name or "").lower() for name in names]
    assert "nuclear power" not in names
    scores = [topic.confidence_score or 0 for topic in segment.topics or ()][1:]
    assert scores == sorted(scores, reverse=True)

    strict, _ = analyze(text, topics=True, custom_topics=["Solar panel"], custom_topics_strict=True)
    assert strict.topics is not None
    assert [[topic.topic for topic in s.topics or ()] for s in strict.topics.segments or ()] == [["Solar panel"]]
    none, _ = analyze(text, topics=True, custom_topics=["fish"], custom_topics_strict=True)
    assert none.to_dict() == {"topics": {"segments": []}}


def test_stretches() -> None:
    sentences = split_sentences("One two three. Four five. Six seven eight nine. Ten.")
    assert [[s.text for s in group] for group in stretches(sentences, words=4)] == [
        ["One two three.", "Four five."],
        ["Six seven eight nine."],
        ["Ten."],
    ]


def test_a_short_text_is_its_own_summary() -> None:
    found, used = analyze("Yep.  Life moves\npretty fast.", summarize=True)
    assert found.to_dict() == {"summary": {"text": "Yep. Life moves pretty fast."}}
    assert used["summary_info"].output_tokens == 5


def test_text_rank_prefers_what_is_shared() -> None:
    ranks = text_rank([frozenset("abcd"), frozenset("ab"), frozenset("cd"), frozenset("xy"), frozenset()])
    assert sum(ranks) == pytest.approx(1)
    assert ranks[0] == max(ranks)
    assert ranks[1] == ranks[2] > ranks[3] == ranks[4]


def test_a_summary_repeats_nothing() -> None:
    text = " ".join(["The cat sat on the mat all day."] * 10 + ["The dog saw the cat.", "A bird flew by the mat."])
    found, _ = analyze(text, summarize=True)
    assert found.summary is not None
    assert found.summary.text == "The cat sat on the mat all day. The dog saw the cat. A bird flew by the mat."


def test_a_recorded_text() -> None:
    text = shared("fixtures/read_rest/conversation.txt").read_text("utf-8")
    found = _everything(text)
    assert found.summary is not None
    summary = found.summary.text or ""
    assert len(summary.split()) < len(text.split()) / 10
    assert "voice AI" in summary
    assert found.topics is not None
    names = [topic.topic for segment in found.topics.segments or () for topic in segment.topics or ()]
    assert "Deepgram Aura" in names
    assert found.sentiments is not None
    assert {segment.sentiment for segment in found.sentiments.segments or ()} >= {"positive", "neutral"}


def test_a_long_text_is_a_bounded_amount_of_work(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []

    def counting(stems: Sequence[frozenset[str]]) -> list[float]:
        compared.append(len(stems))
        return text_rank(stems)

    monkeypatch.setattr("deepgram_anyio.local.analysis.summary.text_rank", counting)
    sentences = split_sentences("".join(f"Sentence number {n} is about subject {n % 97}. " for n in range(3000)))
    assert len(sentences) == 3000
    summary = summarize(sentences, english()).text or ""
    assert compared == [400]
    assert 1 <= summary.count("Sentence number") <= 3


def test_analysers_see_no_endless_word() -> None:
    (sentence,) = split_sentences("x" * 150_000)
    assert isinstance(sentence, Sentence)
    assert sentence.text == "x" * 150_000
    assert len(sentence.plain) == 64


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yake", None)
    language._load.cache_clear()
    try:
        with pytest.raises(ConfigError, match=r"deepgram-anyio\[local\]"):
            analyze("text", topics=True)
    finally:
        language._load.cache_clear()


def test_the_libraries_are_loaded_when_used_and_nothing_is_fetched() -> None:
    code = (
        "import socket, sys\n"
        "from deepgram_anyio.local.analysis import analyze\n"
        "assert not {'textblob', 'yake', 'numpy', 'nltk'} & set(sys.modules)\n"
        "def no_network(*args, **kwargs): raise SystemExit('it went to the network')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = no_network\n"
        "found, _ = analyze('I love this. ' * 40, summarize=True, topics=True, intents=True, sentiment=True)\n"
        "print(found.sentiments.average.sentiment)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "positive\n"), done.stderr
