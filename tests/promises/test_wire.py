"""The promise: one spelling of every option, whatever asks; and no empty binary frame, which would end a stream."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from deepgram_anyio import ClientConfig, DeepgramClient

from ..rest_peer import Reply, json_reply, rest_peer
from ..stand_in import NEVER, api
from .ear import KEY, RAW, ear, speech

pytestmark = pytest.mark.anyio

DIRECT = ClientConfig(proxy="")
EVERY_KIND: dict[str, Any] = {
    "smart_format": True,
    "punctuate": False,
    "diarize": None,
    "utterance_end_ms": 1000,
    "keyterm": ["a b", "c&d=e", "ü€"],
    "replace": "one:two",
    "extra_query": {"new": [1, 2.5, True], "since": date(2024, 2, 29)},
}
LIVE = (
    "/v1/listen?model=nova-3&encoding=linear16&sample_rate=8000&utterance_end_ms=1000&punctuate=false"
    "&smart_format=true&replace=one%3Atwo&keyterm=a+b&keyterm=c%26d%3De&keyterm=%C3%BC%E2%82%AC"
    "&new=1&new=2.5&new=true&since=2024-02-29"
)


async def test_every_kind_of_value_has_one_spelling_on_a_socket() -> None:
    async with (
        api() as server,
        DeepgramClient(KEY, base_url=server.url, config=DIRECT) as dg,
        dg.listen.v1.connect(**RAW, **EVERY_KIND),
    ):
        pass
    assert server.target == LIVE


REST = [
    (
        lambda dg: dg.listen.v1.transcribe_file(b"x", smart_format=True, diarize=False, keyterm=["a b", "c"]),
        "/v1/listen?model=nova-3&smart_format=true&keyterm=a+b&keyterm=c&diarize=false",
    ),
    (
        lambda dg: dg.listen.v1.transcribe_url("https://a.example/x.wav?b=c", redact=["pci", "ssn"], utt_split=0.8),
        "/v1/listen?model=nova-3&utt_split=0.8&redact=pci&redact=ssn",
    ),
    (
        lambda dg: dg.speak.v1.generate("Hi.", encoding="linear16", container="none", sample_rate=16000),
        "/v1/speak?model=aura-2-thalia-en&encoding=linear16&container=none&sample_rate=16000",
    ),
    (
        lambda dg: dg.read.v1.analyze("Hi.", summarize=True, custom_topic=["a b", "ü"], extra_query={"on": True}),
        "/v1/read?summarize=true&custom_topic=a+b&custom_topic=%C3%BC&on=true",
    ),
    (
        lambda dg: dg.manage.v1.requests.list("p/1", limit=10, status="succeeded"),
        "/v1/projects/p%2F1/requests?limit=10&status=succeeded",
    ),
]


@pytest.mark.parametrize(("call", "target"), REST, ids=["file", "url", "speak", "read", "manage"])
async def test_rest_calls_spell_alike(call: Any, target: str) -> None:
    def answer(asked: Any) -> Reply:
        return Reply(body=b"sound") if asked.path == "/v1/speak" else json_reply({"metadata": {}, "results": {}})

    async with rest_peer(answer) as peer, DeepgramClient(KEY, base_url=peer.url, config=DIRECT) as dg:
        await call(dg)
        assert [asked.target for asked in peer.asked] == [target]


async def test_an_empty_chunk_never_becomes_an_empty_frame() -> None:
    async with ear() as listening, listening.client() as dg:
        async with dg.listen.v1.connect(**RAW, reconnect=NEVER) as connection:
            await connection.send(b"")
            connection.send_nowait(bytearray())
            await connection.send_audio([b"", speech(0, 1)[0], b"", b""])
            await connection.send(speech(1, 1)[0])
            await connection.send(b"")
        async with dg.listen.v1.stream([b"", *speech(0, 2), b""], **RAW) as results:
            async for _ in results:
                pass
        for heard in listening.connections:
            assert heard.empty_frames == 0
            assert bytes(heard.audio) == b"".join(speech(0, 2))
            assert heard.messages == ["CloseStream"]
