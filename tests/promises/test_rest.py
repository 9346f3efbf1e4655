"""The promise: a REST call is repeated only when its body can be sent again whole, and each phase has its deadline."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream

from deepgram_anyio import ClientConfig, DeepgramClient, DeepgramTimeoutError, RetryPolicy, ServerError, Timeouts

from ..rest_peer import Reply, json_reply, rest_peer
from ..transport.peers import read_to_end, serving

pytestmark = pytest.mark.anyio

AUDIO = bytes(range(256)) * 1000
HEARD = json_reply({"metadata": {"request_id": "r"}, "results": {"channels": []}})
QUICK = ClientConfig(retry=RetryPolicy(first_s=0.001), proxy="")


def generator() -> Iterator[bytes]:
    for start in range(0, len(AUDIO), 10_000):
        yield AUDIO[start : start + 10_000]


async def async_generator() -> AsyncIterator[bytes]:
    for piece in generator():
        yield piece


@pytest.mark.parametrize(
    "source", [lambda: AUDIO, lambda: io.BytesIO(AUDIO), lambda: list(generator())], ids=["bytes", "file", "list"]
)
async def test_a_body_that_can_be_sent_again_is_sent_again_whole(source: Callable[[], Any]) -> None:
    async with rest_peer([Reply(503), Reply(429), HEARD]) as peer:
        async with DeepgramClient("any", base_url=peer.url, config=QUICK) as dg:
            await dg.listen.v1.transcribe_file(source())
        assert [len(asked.body) for asked in peer.asked] == [len(AUDIO)] * 3


@pytest.mark.parametrize("source", [generator, async_generator])
async def test_a_body_that_is_used_up_is_never_sent_again_empty(source: Callable[[], Any]) -> None:
    async with rest_peer([Reply(503), HEARD]) as peer:
        async with DeepgramClient("any", base_url=peer.url, config=QUICK) as dg:
            with pytest.raises(ServerError):
                await dg.listen.v1.transcribe_file(source())
        assert [len(asked.body) for asked in peer.asked] == [len(AUDIO)]


async def test_what_the_server_asks_for_is_waited_for() -> None:
    async with (
        rest_peer([Reply(429, {"retry-after-ms": "200"}), HEARD]) as peer,
        DeepgramClient("any", base_url=peer.url, config=QUICK) as dg,
    ):
        began = anyio.current_time()
        await dg.listen.v1.transcribe_file(AUDIO)
        assert 0.2 <= anyio.current_time() - began < 2


async def _mute(stream: ByteStream) -> None:
    await read_to_end(stream)


async def _unread(stream: ByteStream) -> None:
    await stream.receive(1)
    await anyio.sleep_forever()


@pytest.mark.parametrize(
    ("phase", "audio", "handler"),
    [("read_s", AUDIO, _mute), ("send_s", bytes(1 << 24), _unread)],
    ids=["reading", "writing"],
)
async def test_each_phase_has_its_own_deadline(phase: str, audio: bytes, handler: Any) -> None:
    timeouts = Timeouts(**{phase: 0.15})
    config = ClientConfig(timeouts=timeouts, retry=RetryPolicy(max_retries=0), proxy="")
    async with (
        serving(handler) as peer,
        DeepgramClient("any", base_url=f"http://127.0.0.1:{peer.port}", config=config) as dg,
    ):
        with anyio.fail_after(5), pytest.raises(DeepgramTimeoutError):
            await dg.listen.v1.transcribe_file(audio)


async def test_connecting_has_its_own_deadline_which_long_reads_do_not_share() -> None:
    config = ClientConfig(
        timeouts=Timeouts(connect_s=0.15, read_s=600.0), retry=RetryPolicy(max_retries=0), proxy="", allow_insecure=True
    )
    async with (
        serving(_mute) as peer,  # which takes the connection, and never says a word of TLS
        DeepgramClient("any", base_url=f"https://127.0.0.1:{peer.port}", config=config) as dg,
    ):
        with anyio.fail_after(5), pytest.raises(DeepgramTimeoutError):
            await dg.listen.v1.transcribe_file(AUDIO)
