"""``/v1/read`` of the embedded server: what it answers, refuses, fetches and calls back."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

import anyio
import msgspec
import pytest
from starlette.requests import Request

from deepgram_anyio.local.analysis.page import text_of
from deepgram_anyio.local.answers import Refusal
from deepgram_anyio.local.rest import read
from deepgram_anyio.local.rest.call import RestCall
from deepgram_anyio.local.rest.callbacks import Job
from deepgram_anyio.local.rest.read import analyze
from deepgram_anyio.local.settings import ServerSettings
from deepgram_anyio.local.state import ServerState
from deepgram_anyio.protocol.options import parse_query
from deepgram_anyio.protocol.rest.analysis import Analysis, AnalysisAccepted, AnalyzeText, AnalyzeUrl, ReadOptions
from deepgram_anyio.protocol.rest.operations import operation

from ...rest_peer import Reply, rest_peer
from ...shared import shared

pytestmark = pytest.mark.anyio

TEXT = "I love this phone. I want to order another phone!"
NOW = datetime(2025, 7, 22, 16, 56, 59, 351000, tzinfo=timezone.utc)
PAGE = b"""<!DOCTYPE html><html><head><title>Not seen</title><style>p { color: red }</style></head>
<body><h1>Weather</h1><p>It is <b>won</b>derful &amp; warm
today.</p><script>if (a < b) alert("no")</script><p>I love it<br>so.</p></body></html>"""


def _call(query: str, body: AnalyzeText | AnalyzeUrl, state: ServerState | None = None) -> RestCall:
    state = state or ServerState(ServerSettings(allow_private_urls=True), clock=lambda: NOW)
    options, _ = parse_query(ReadOptions, query.encode())
    return RestCall(
        state=state,
        request=Request({"type": "http", "method": "POST", "path": "/v1/read", "headers": []}),
        operation=operation("read.v1.analyze"),
        fields={},
        query=options,
        body=body,
        caller=state.store.accounts.nobody,
        request_id=str(uuid.uuid4()),
    )


@contextmanager
def _refused(status: int, code: str, message: str = "") -> Iterator[None]:
    with pytest.raises(Refusal) as caught:
        yield
    assert (caught.value.status, caught.value.code) == (status, code)
    assert message in caught.value.message


def _as_sent(answer: Analysis) -> Any:
    return msgspec.json.decode(answer.to_json())


async def test_all_that_can_be_asked_of_a_text() -> None:
    call = _call("summarize=true&topics=true&intents=true&sentiment=true", AnalyzeText(text=TEXT))
    answer = await analyze(call)
    assert isinstance(answer, Analysis)
    sent = _as_sent(answer)
    metadata = sent["metadata"]
    assert metadata["request_id"] == call.request_id
    assert metadata["language"] == "en"
    assert metadata["created"] == "2025-07-22T16:56:59.351Z"
    infos = [metadata[name] for name in ("summary_info", "topics_info", "intents_info", "sentiment_info")]
    assert [info["input_tokens"] for info in infos] == [10] * 4
    assert all(uuid.UUID(info["model_uuid"]) for info in infos)
    results = sent["results"]
    assert results["summary"] == {"text": TEXT}
    assert results["sentiments"]["segments"][0]["sentiment"] == "positive"
    assert results["intents"]["segments"][0]["intents"] == [{"intent": "Order phone", "confidence_score": 0.9}]
    assert results["topics"]["segments"][0]["start_word"] == 0

    assert call.used.model == "local"
    assert call.used.tokens_in == 40
    assert call.used.tokens_out == sum(info["output_tokens"] for info in infos)
    assert call.used.callback is None
    assert msgspec.convert(sent, Analysis) == answer


async def test_the_answer_has_the_form_of_a_recorded_one() -> None:
    recorded = msgspec.json.decode(shared("fixtures/read_rest/summarize.json").read_bytes())
    text = shared("fixtures/read_rest/conversation.txt").read_text("utf-8")
    answer = await analyze(_call("summarize=true&language=en", AnalyzeText(text=text)))
    assert isinstance(answer, Analysis)

    def form(value: Any) -> Any:
        return {key: form(item) for key, item in value.items()} if isinstance(value, dict) else type(value)

    assert form(_as_sent(answer)) == form(recorded)
    assert answer.summary


@pytest.mark.parametrize(
    ("value", "summarized"), [("v2", True), ("true", True), ("TRUE", True), ("false", False), ("False", False)]
)
async def test_spellings_of_summarize(value: str, summarized: bool) -> None:
    answer = await analyze(_call(f"summarize={value}&sentiment=true", AnalyzeText(text=TEXT)))
    assert isinstance(answer, Analysis)
    assert (answer.summary is not None) is summarized


async def test_custom_topics_and_intents() -> None:
    query = "topics=true&intents=true&custom_topic=phones&custom_topic=boats&custom_topic_mode=strict"
    answer = await analyze(_call(f"{query}&custom_intent=ordering&custom_intent_mode=extended", AnalyzeText(text=TEXT)))
    assert isinstance(answer, Analysis)
    assert [topic.topic for topic in answer.topics] == ["phones"]
    assert [intent.intent for intent in answer.intents] == ["ordering", "Order phone"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("summarize=true&language=es", "Request specified unsupported language: es. Only English is supported."),
        ("sentiment=true&language=enx", "enx"),
        ("summarize=false", "At least one"),
        ("summarize=v7", "summarize must be"),
        ("topics=true&custom_topic_mode=loose", "custom_topic_mode"),
        ("intents=true&custom_intent_mode=loose", "custom_intent_mode"),
        ("topics=true" + "&custom_topic=a" * 101, "100"),
        ("intents=true" + "&custom_intent=a" * 101, "100"),
    ],
)
async def test_what_cannot_be_asked(query: str, message: str) -> None:
    with _refused(400, "INVALID_QUERY_PARAMETER", message):
        await analyze(_call(query, AnalyzeText(text=TEXT)))


@pytest.mark.parametrize("language", ["en", "EN", "en-US", "en-GB"])
async def test_every_english_will_do(language: str) -> None:
    answer = await analyze(_call(f"sentiment=true&language={language}", AnalyzeText(text=TEXT)))
    assert isinstance(answer, Analysis)
    assert answer.metadata.language == language


async def test_texts_that_are_empty_or_too_long() -> None:
    with _refused(400, "PAYLOAD_ERROR", "empty"):
        await analyze(_call("sentiment=true", AnalyzeText(text=" \n\t")))
    with _refused(400, "TOKEN_LIMIT_EXCEEDED", "150000"):
        await analyze(_call("sentiment=true", AnalyzeText(text="a " * 150_001)))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (TEXT.encode(), TEXT),
        (b"\xef\xbb\xbf" + TEXT.encode(), TEXT),
        (PAGE, "Weather\n\nIt is wonderful & warm today.\n\nI love it\n\nso."),
    ],
)
async def test_a_text_from_a_url(content: bytes, text: str) -> None:
    async with rest_peer(Reply(body=content)) as peer:
        answer = await analyze(_call("summarize=true", AnalyzeUrl(url=f"{peer.url}/text")))
    assert isinstance(answer, Analysis)
    assert answer.summary == " ".join(text.split())


async def test_a_url_that_leads_to_no_text() -> None:
    async with rest_peer([Reply(body=b"\xff\xfe\xfd"), Reply(status=404), Reply(body=b" ")]) as peer:
        for code in ("REMOTE_CONTENT_ERROR", "REMOTE_CONTENT_ERROR", "PAYLOAD_ERROR"):
            with _refused(400, code):
                await analyze(_call("summarize=true", AnalyzeUrl(url=peer.url)))


async def test_private_addresses_are_not_fetched_unless_allowed() -> None:
    async with rest_peer(Reply(body=TEXT.encode())) as peer:
        with _refused(400, "REMOTE_CONTENT_ERROR"):
            await analyze(_call("summarize=true", AnalyzeUrl(url=peer.url), ServerState(ServerSettings())))
        assert peer.asked == []


class _Callbacks:
    """Stands in for the server's: keeps the job instead of doing it."""

    def __init__(self) -> None:
        self.checked: list[str] = []
        self.jobs: list[tuple[Job, str, str | None, str]] = []

    async def check(self, url: str) -> None:
        self.checked.append(url)

    def deliver(
        self, job: Job, url: str, *, method: str | None, request_id: str, release: Callable[[], None] | None = None
    ) -> None:
        assert release is None
        self.jobs.append((job, url, method, request_id))


async def test_with_a_callback_the_work_comes_after_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    callbacks = _Callbacks()
    query = "sentiment=true&callback=https://example.com/done&callback_method=PUT"
    call = _call(query, AnalyzeText(text=TEXT))
    monkeypatch.setattr(call.state, "callbacks", callbacks, raising=False)
    answer = await analyze(call)
    assert isinstance(answer, AnalysisAccepted)
    assert answer.request_id == call.request_id
    assert call.used.callback == "https://example.com/done"
    assert callbacks.checked == ["https://example.com/done"]
    ((job, url, method, request_id),) = callbacks.jobs
    assert (url, method, request_id) == ("https://example.com/done", "PUT", call.request_id)
    delivery = await job()
    assert delivery.media_type == "application/json"
    analysis = msgspec.json.decode(delivery.content, type=Analysis)
    assert analysis.request_id == call.request_id
    assert analysis.sentiment is not None

    empty = _call(query, AnalyzeText(text=" "), call.state)
    with _refused(400, "PAYLOAD_ERROR"):
        await analyze(empty)
    assert len(callbacks.jobs) == 1


async def test_the_analysis_runs_beside_the_loop_and_can_be_left(monkeypatch: pytest.MonkeyPatch) -> None:
    call = _call("sentiment=true", AnalyzeText(text=TEXT))
    started, finish, finished = anyio.Event(), anyio.Event(), anyio.Event()

    def slow(text: str, **asked: object) -> Any:
        anyio.from_thread.run_sync(started.set)
        anyio.from_thread.run(finish.wait)
        anyio.from_thread.run_sync(finished.set)

    monkeypatch.setattr(read, "analyze_text", slow)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(analyze, call)
        await started.wait()
        assert call.state.threads.borrowed_tokens == 1
        tasks.cancel_scope.cancel()
    assert not finished.is_set()
    finish.set()
    await finished.wait()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"a < b and <html> is a tag", "a < b and <html> is a tag"),
        ("é".encode("utf-16"), "é"),
        (b"<html><head><title>x</title><body>One<svg><svg>no</svg>no</svg>two", "One\n\ntwo"),
        (b"<html><body>a<p/>b<i>c</i> <!-- no --> d&#233;", "a\n\nbc d\u00e9"),
        (b"", ""),
    ],
)
def test_pages_and_files(content: bytes, text: str) -> None:
    assert text_of(content) == text


@pytest.mark.parametrize("content", [b"\xff", b"a\0b", b"\xff\xfea"])
def test_what_is_no_text(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"decode|binary"):
        text_of(content)
