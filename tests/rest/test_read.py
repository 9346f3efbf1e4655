"""The analysis of texts: what is asked of the server, and what comes back."""

from __future__ import annotations

from typing import Any

import pytest

from deepgram_anyio import errors
from deepgram_anyio.protocol.rest.analysis import Analysis, AnalysisAccepted, ReadOptions

from ..rest_peer import Reply, json_reply
from ..shared import shared
from .clients import talking

pytestmark = pytest.mark.anyio

URL = "https://texts.example/talk.txt"
CALLBACK = "https://me.example/done"
SUMMARY = {"metadata": {"request_id": "request-1", "language": "en"}, "results": {"summary": {"text": "They talk."}}}
OK = json_reply(SUMMARY)
ACCEPTED = json_reply({"request_id": "request-2"})


async def test_a_text() -> None:
    async with talking(OK) as (dg, peer):
        found = await dg.read.v1.analyze("Grüße, “you”!\n", summarize=True, language="en", custom_topic=["a", "b"])
    [asked] = peer.asked
    assert (asked.method, asked.headers["content-type"]) == ("POST", "application/json")
    assert asked.target == "/v1/read?summarize=true&custom_topic=a&custom_topic=b&language=en"
    assert asked.body == '{"text":"Grüße, “you”!\\n"}'.encode()
    assert isinstance(found, Analysis)
    assert (found.summary, found.request_id) == ("They talk.", "request-1")
    assert found.to_dict() == SUMMARY


async def test_a_recorded_conversation() -> None:
    text = shared("fixtures/read_rest/conversation.txt").read_text("utf-8")
    recorded = shared("fixtures/read_rest/summarize.json").read_bytes()
    async with talking(Reply(200, {"content-type": "application/json"}, recorded)) as (dg, peer):
        found = await dg.read.v1.analyze(text, summarize=True)
    assert peer.asked[0].json() == {"text": text}
    assert found.raw_response is not None
    assert found.to_dict() == found.raw_response.json()


async def test_a_url() -> None:
    async with talking([Reply(503), OK]) as (dg, peer):
        await dg.read.v1.analyze(url=URL, options=ReadOptions(topics=True, sentiment=True), sentiment=False)
    assert [asked.body for asked in peer.asked] == [b'{"url":"https://texts.example/talk.txt"}'] * 2
    assert peer.asked[0].target == "/v1/read?topics=true&sentiment=false"


async def test_a_callback_changes_the_answer() -> None:
    async with talking(ACCEPTED) as (dg, peer):
        accepted = [
            await dg.read.v1.analyze("Hello.", intents=True, callback=CALLBACK),
            await dg.read.v1.analyze("Hello.", options=ReadOptions(intents=True, callback=CALLBACK)),
        ]
    assert [type(found) for found in accepted] == [AnalysisAccepted] * 2
    assert accepted[0].request_id == "request-2"
    assert [dict(asked.query)["callback"] for asked in peer.asked] == [CALLBACK] * 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"summarize": True}, "give either a text or url="),
        ({"text": "a", "url": URL, "summarize": True}, "give either a text or url="),
        ({"text": "", "summarize": True}, "the text is empty"),
        ({"text": " \n", "summarize": True}, "the text is empty"),
        ({"text": b"a", "summarize": True}, "the text must be a str, not bytes"),
        ({"text": "\ud800", "summarize": True}, "cannot be sent as JSON"),
        ({"url": "talk.txt", "summarize": True}, "url must be an absolute http"),
        ({"text": "a"}, "nothing to do"),
        ({"text": "a", "sumarize": True}, "did you mean 'summarize'"),
    ],
)
async def test_what_cannot_work(arguments: dict[str, Any], message: str) -> None:
    async with talking(OK) as (dg, peer):
        with pytest.raises(errors.ConfigError, match=message):
            await dg.read.v1.analyze(**arguments)
    assert peer.asked == []


async def test_refusals() -> None:
    refusal = json_reply({"err_code": "Bad Request", "err_msg": "No.", "request_id": "r"}, 400)
    async with talking(refusal) as (dg, _):
        with pytest.raises(errors.BadRequestError) as caught:
            await dg.read.v1.analyze("Hello.", summarize=True)
    assert (caught.value.code, caught.value.request_id) == ("Bad Request", "r")
