"""Results that go to a URL: at once accepted, done behind the answer, tried thrice."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import anyio
import msgspec
import pytest

from deepgram_anyio.local.answers import Refusal
from deepgram_anyio.local.rest import callbacks as callbacks_module
from deepgram_anyio.local.rest.callbacks import WAITS_S, Callbacks, Delivery
from deepgram_anyio.local.rest.fetch import Outbound
from deepgram_anyio.protocol.rest.transcription import Transcription
from deepgram_anyio.transport.tasks import background_tasks

from ...rest_peer import Asked, Reply, rest_peer
from ..audio_files import wav
from .media import media_server
from .test_listen_route import RECORDING

pytestmark = pytest.mark.anyio

OUTBOUND = Outbound(allow_private=True)


class Inbox:
    """Where results arrive."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.asked: list[Asked] = []
        self._came = anyio.Event()

    def __call__(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        self._came.set()
        return Reply(self.statuses.pop(0) if self.statuses else 200)

    async def wait(self, count: int = 1) -> None:
        with anyio.fail_after(20):
            while len(self.asked) < count:
                self._came = anyio.Event()
                await self._came.wait()


async def make() -> Delivery:
    return Delivery(content=b'{"a":1}')


async def test_a_transcription_goes_to_its_callback() -> None:
    inbox = Inbox()
    async with (
        rest_peer(inbox) as peer,
        media_server(outbound=OUTBOUND, allow_private_urls=True) as server,
    ):
        answer = await server.listen(RECORDING, callback=f"{peer.url}/done?x=1")
        await inbox.wait()
        store = server.state.store
        entry = store.history.find(store.accounts.default_project_id, answer.headers["dg-request-id"])
    request_id = answer.headers["dg-request-id"]
    assert answer.json() == {"request_id": request_id}
    (asked,) = inbox.asked
    assert (asked.method, asked.target, asked.headers["dg-request-id"]) == ("POST", "/done?x=1", request_id)
    assert asked.headers["content-type"] == "application/json"
    found = msgspec.json.decode(asked.body, type=Transcription)
    assert (found.metadata.request_id, found.transcript) == (request_id, "one two three four five")
    assert entry is not None
    assert entry.used.callback == f"{peer.url}/done?x=1"
    assert round(entry.used.audio_s, 3) == 2.7


async def test_a_recording_is_fetched_behind_the_answer() -> None:
    inbox = Inbox()
    async with (
        rest_peer(Reply(body=RECORDING)) as source,
        rest_peer(inbox) as peer,
        media_server(outbound=OUTBOUND, allow_private_urls=True) as server,
    ):
        query = {"callback": peer.url, "callback_method": "PUT"}
        answer = await server.http.post("/v1/listen", json={"url": source.url}, params=query)
        await inbox.wait()
    assert answer.json() == {"request_id": answer.headers["dg-request-id"]}
    assert inbox.asked[0].method == "PUT"
    assert b"one two three" in inbox.asked[0].body


async def test_what_goes_wrong_is_told_to_the_callback() -> None:
    inbox = Inbox()
    async with (
        rest_peer(inbox) as peer,
        media_server(outbound=OUTBOUND, allow_private_urls=True) as server,
    ):
        answer = await server.listen(b"no recording", callback=peer.url)
        await inbox.wait()
    body = inbox.asked[0].json()
    assert answer.status_code == 200
    assert (body["err_code"], body["request_id"]) == ("Bad Request", answer.json()["request_id"])
    assert "dg-error" in inbox.asked[0].headers


@pytest.mark.parametrize(("version", "model"), [("v1", "aura-2-thalia-en"), ("v2", "flux-haley-en")])
async def test_speech_goes_to_its_callback(version: str, model: str) -> None:
    inbox = Inbox()
    async with (
        rest_peer(inbox) as peer,
        media_server(outbound=OUTBOUND, allow_private_urls=True) as server,
    ):
        answer = await server.speak("Hello there.", version, model=model, encoding="linear16", callback=peer.url)
        await inbox.wait()
    assert answer.json() == {"request_id": answer.headers["dg-request-id"]}
    (asked,) = inbox.asked
    assert asked.body.startswith(b"RIFF")
    assert asked.headers["content-type"] == "audio/wav"
    assert asked.headers["dg-model-name"] == model
    assert asked.headers["dg-char-count"] == "12"


async def test_private_callbacks_are_refused_before_any_work() -> None:
    async with rest_peer(Reply()) as peer, media_server() as server:
        for answer in (
            await server.listen(wav(bytes(2)), callback=peer.url),
            await server.speak("Hello.", callback="http://169.254.169.254/"),
        ):
            assert (answer.status_code, answer.json()["err_code"]) == (400, "Bad Request")
            assert "callback" in answer.json()["err_msg"]
    assert not peer.asked


@pytest.mark.parametrize("statuses", [(), (500,), (503, 404)])
async def test_a_delivery_is_tried_until_it_is_taken(statuses: tuple[int, ...]) -> None:
    inbox = Inbox(*statuses)
    released = anyio.Event()
    async with rest_peer(inbox) as peer, background_tasks() as tasks:
        callbacks = Callbacks(OUTBOUND, waits_s=(0, 0))
        await tasks.start(callbacks.run)
        callbacks.deliver(make, peer.url, method=None, request_id="r", release=released.set)
        with anyio.fail_after(20):
            await released.wait()
    assert len(inbox.asked) == len(statuses) + 1
    assert {asked.body for asked in inbox.asked} == {b'{"a":1}'}


async def test_it_is_given_up_after_the_third_try(caplog: pytest.LogCaptureFixture) -> None:
    inbox = Inbox(500, 500, 500, 500)
    released = anyio.Event()
    with caplog.at_level(logging.WARNING):
        async with rest_peer(inbox) as peer, background_tasks() as tasks:
            callbacks = Callbacks(OUTBOUND, waits_s=(0, 0))
            await tasks.start(callbacks.run)
            callbacks.deliver(make, peer.url, method=None, request_id="r-1", release=released.set)
            with anyio.fail_after(20):
                await released.wait()
    assert len(inbox.asked) == 3
    assert "r-1" in caplog.text
    assert "status 500" in caplog.text


async def test_waits_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    class Clock:
        def __getattr__(self, name: str) -> Any:
            return getattr(anyio, name)

        async def sleep(self, seconds: float) -> None:
            waited.append(seconds)

    monkeypatch.setattr(callbacks_module, "anyio", Clock())
    released = anyio.Event()
    async with rest_peer(Inbox(500, 500, 500)) as peer, background_tasks() as tasks:
        callbacks = Callbacks(OUTBOUND)
        await tasks.start(callbacks.run)
        callbacks.deliver(make, peer.url, method=None, request_id="r", release=released.set)
        with anyio.fail_after(20):
            await released.wait()
    assert waited == list(WAITS_S)
    assert waited == sorted(waited)


async def test_a_job_that_fails_is_an_error_of_the_server(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> Delivery:
        raise RuntimeError("secret detail")

    inbox = Inbox()
    with caplog.at_level(logging.ERROR):
        async with rest_peer(inbox) as peer, background_tasks() as tasks:
            callbacks = Callbacks(OUTBOUND)
            await tasks.start(callbacks.run)
            callbacks.deliver(fail, peer.url, method=None, request_id="r")
            await inbox.wait()
    assert inbox.asked[0].json()["err_code"] == "INTERNAL_SERVER_ERROR"
    assert b"secret" not in inbox.asked[0].body
    assert "secret detail" in caplog.text


async def test_jobs_are_bounded_and_end_with_the_server() -> None:
    released: list[int] = []

    async def never() -> Delivery:
        await anyio.sleep_forever()
        raise AssertionError

    callbacks = Callbacks(OUTBOUND, max_jobs=2)
    with pytest.raises(Refusal) as caught:
        callbacks.deliver(never, "http://127.0.0.1/", method=None, request_id="r")
    assert caught.value.status == 503
    async with background_tasks() as tasks:
        await tasks.start(callbacks.run)
        for number in range(2):
            release = partial(released.append, number)
            callbacks.deliver(never, "http://127.0.0.1/", method=None, request_id="r", release=release)
        with pytest.raises(Refusal) as caught:
            callbacks.deliver(never, "http://127.0.0.1/", method=None, request_id="r")
        assert caught.value.status == 429
    assert sorted(released) == [0, 1]
    with pytest.raises(Refusal) as caught:
        callbacks.deliver(never, "http://127.0.0.1/", method=None, request_id="r")
    assert caught.value.status == 503


async def test_a_result_that_cannot_be_sent_at_all_ends_no_other(caplog: pytest.LogCaptureFixture) -> None:
    inbox = Inbox()
    callbacks = Callbacks(OUTBOUND, waits_s=())

    async def unsendable() -> Delivery:
        return Delivery(content=b"", headers={"x": "\N{SNOWMAN}"})

    async with rest_peer(inbox) as peer, background_tasks() as tasks:
        await tasks.start(callbacks.run)
        callbacks.deliver(unsendable, peer.url, method=None, request_id="r1")
        await anyio.wait_all_tasks_blocked()
        callbacks.deliver(make, peer.url, method=None, request_id="r2")
        await inbox.wait()
    assert [asked.headers["dg-request-id"] for asked in inbox.asked] == ["r2"]
    assert "r1 was not delivered" in caplog.text


async def test_stopped_it_takes_nothing_more() -> None:
    ended: list[str] = []
    callbacks = Callbacks(OUTBOUND)

    async def endless() -> Delivery:
        await anyio.sleep_forever()
        return await make()

    async with background_tasks() as tasks:
        callbacks.stop()  # before it runs: nothing to stop
        await tasks.start(callbacks.run)
        callbacks.deliver(
            endless, "http://127.0.0.1:9", method=None, request_id="r", release=lambda: ended.append("released")
        )
        await anyio.wait_all_tasks_blocked()
        callbacks.stop()
        await anyio.wait_all_tasks_blocked()
        assert ended == ["released"]
        with pytest.raises(Refusal, match="stopping"):
            callbacks.deliver(make, "http://127.0.0.1:9", method=None, request_id="r")
