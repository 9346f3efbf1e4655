"""The page in a real browser: what it shows of the server's connections, and of the browser's own microphone."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest

from deepgram_anyio import ConnectionClosed
from deepgram_anyio.local import FaultOptions, LocalServer, serve

from .stage import CONNECTED, RAW, SOUND, client, serving, showing

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

LISTENING = "document.querySelector('#talk-label').textContent === 'Stop speaking'"
SILENT = "document.querySelector('#talk-label').textContent === 'Start speaking'"


@pytest.fixture(params=["asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param  # of the server; the browser is the same


def card(state: str, text: str = "") -> str:
    """A condition: there is a card in a state, with a text somewhere in it."""
    return (
        f"[...document.querySelectorAll('.card[data-state={state}]')]"
        f".find((card) => card.innerText.includes({json.dumps(text)}))"
    )


async def stream(server: LocalServer, words: str, *, pace: float | None = None) -> None:
    async with (
        client(server) as dg,
        dg.listen.v1.stream(SOUND, pace=pace, **RAW, keyterm=words, interim_results=True) as events,
    ):
        async for _ in events:
            pass


@pytest.mark.speech
async def test_captions_appear_while_they_are_recognised(devtools: str) -> None:
    async with serve() as server, showing(devtools, server.url) as tab:
        await tab.until(CONNECTED)
        await tab.evaluate("""window.seen = []; new MutationObserver(() => {
            const part = (name) => document.querySelector(`#talk-captions .${name}`)?.textContent ?? "";
            seen.push([part("said"), part("interim").trim()]);
        }).observe(document.querySelector("#talk-captions"), {subtree: true, childList: true, characterData: true})""")
        await tab.click("#talk")
        await tab.until("/background/.test(document.querySelector('#talk-captions .said')?.textContent)")
        seen = await tab.evaluate("seen")
        interims = [interim for said, interim in seen if not said and interim]
        assert len({interim.count(" ") for interim in interims}) > 1, "the words came all at once"
        words = (await tab.text("#talk-captions")).lower()
        assert "dark blue background" in words
        # The same connection is in the list, as everybody sees it.
        await tab.until(card("live", "This microphone"))
        await tab.until("/background/.test(document.querySelector('#live .said')?.textContent)")
        assert (await tab.text("#live .latency")).endswith(" s")
        await tab.click("#talk")
        await tab.until(card("finished", "This microphone"))
        await tab.until(SILENT)
        assert tab.complaints() == []


async def test_connections_at_once_do_not_mix(devtools: str) -> None:
    async with serving() as server, showing(devtools, server.url) as tab:
        await tab.until(CONNECTED)
        async with anyio.create_task_group() as tasks:
            for words in ("apples and pears", "salt and pepper"):
                tasks.start_soon(stream, server, words)
        await tab.until("document.querySelectorAll('.card[data-state=finished]').length === 2")
        texts = await tab.evaluate("[...document.querySelectorAll('.card .captions')].map((box) => box.innerText)")
        assert sorted(text.split("\n")[-1] for text in texts) == ["apples and pears", "salt and pepper"]
        assert tab.complaints() == []


async def test_levels_move_with_the_sound(devtools: str) -> None:
    level = "Number(document.querySelector('.card .wave').getAttribute('aria-valuenow'))"
    async with serving() as server, client(server) as dg, showing(devtools, server.url) as tab:
        await tab.until(CONNECTED)
        async with dg.listen.v1.connect(**RAW) as connection:
            await tab.until(card("live"))
            assert await tab.evaluate(level) == 0
            await connection.send(SOUND[:9600])
            await tab.until(f"{level} > 50")
            # The picture is there, too: a bar that is higher than the line of silence.
            await tab.until("""{
                const canvas = document.querySelector('.card .wave'), paint = canvas.getContext('2d');
                const row = paint.getImageData(0, Math.round(canvas.height / 4), canvas.width, 1).data;
                return row.some((value, index) => index % 4 === 3 && value > 0);
            }""")
            await tab.until(f"{level} === 0")
            assert await tab.text(".card .audio") == "0.3 s"


async def test_a_cut_shows(devtools: str) -> None:
    faults = FaultOptions(close_code=1012, close_after_audio_s=0.4)
    async with serving(faults=faults) as server, showing(devtools, server.url) as tab:
        await tab.until(CONNECTED)
        with pytest.raises(ConnectionClosed):
            await stream(server, "cut short")
        await tab.until(card("cut", "The connection broke before its end (1012)"))
        # The microphone says so as well, and can be started again.
        for _ in range(2):
            await tab.click("#talk")
            await tab.until("document.querySelector('#talk-note').textContent.includes('The connection broke (1012)')")
            assert await tab.evaluate(SILENT)


async def test_the_page_recovers_when_the_server_comes_back(devtools: str) -> None:
    async with showing(devtools, "about:blank") as tab:
        async with serving() as first:
            await tab.open(first.url)
            await tab.until(CONNECTED)
            await stream(first, "before")
            await tab.until(card("finished", "before"))
            await tab.click("#talk")
            await tab.until(card("live", "This microphone"))
        await tab.until("document.querySelector('#state').textContent === 'Reconnecting'")
        # Chromium mostly tells of the server's 1001, and sometimes of 1006: what matters here is that the page says so.
        await tab.until("/connection broke \\(100[16]\\)/.test(document.querySelector('#talk-note').textContent)")
        assert await tab.evaluate(f"Boolean({card('lost', 'This microphone')} || {card('cut', 'This microphone')})")
        async with serving(port=first.port) as second:
            await tab.until(CONNECTED)
            await tab.until(card("cut", "This microphone"))
            await stream(second, "after")
            await tab.until(card("finished", "after"))
            assert await tab.evaluate(f"Boolean({card('finished', 'before')})")
            await tab.click("#talk")
            await tab.until(LISTENING)


async def test_the_microphone_hears_and_lets_go(devtools: str) -> None:
    async with serving() as server, showing(devtools, server.url) as tab:
        await tab.until(CONNECTED)
        for _ in range(2):
            await tab.click("#talk")
            await tab.until(LISTENING)
            assert await tab.evaluate("document.querySelector('#talk').hasAttribute('data-on')")
            await tab.until("Number(document.querySelector('#talk-wave').getAttribute('aria-valuenow')) > 30")
            await tab.until("document.querySelector('#talk-captions').innerText.includes('From the')")
            await tab.click("#talk")
            await tab.until(SILENT)
        await tab.until("document.querySelectorAll('.card[data-state=finished]').length === 2")
        assert tab.complaints() == []


async def test_a_microphone_that_is_stopped_before_it_started_is_let_go(devtools: str) -> None:
    async with serving() as server, showing(devtools, server.url) as tab:
        await tab.until(CONNECTED)
        await tab.evaluate("""{
            const lent = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
            window.tracks = [];
            navigator.mediaDevices.getUserMedia = async (wish) => {
                const stream = await lent(wish);
                tracks.push(...stream.getTracks());
                return stream;
            };
            document.querySelector("#talk").click();
            document.querySelector("#talk").click();
        }""")
        await tab.until("tracks.length === 1 && tracks[0].readyState === 'ended'")
        assert await tab.evaluate(SILENT)
        await tab.click("#talk")
        await tab.until(LISTENING)
        assert await tab.evaluate("document.querySelectorAll('#live .card').length") <= 1


async def test_captions_that_were_skipped_are_missed(devtools: str) -> None:
    async with serving() as server, showing(devtools, "about:blank") as tab:
        spy = (
            "window.WebSocket = class extends WebSocket { constructor(...all) { super(...all); window.spied = this; } }"
        )
        await tab.call("Page.addScriptToEvaluateOnNewDocument", source=spy)
        await tab.open(server.url)
        await tab.until(CONNECTED)
        streams = [{"id": name, "kind": "listen v1", "age_s": 1.0} for name in ("stays", "goes")]
        for present, skipped in ((streams, 0), (streams[:1], 9)):
            snapshot = {"type": "Snapshot", "server": "s", "streams": present, "skipped": skipped}
            await tab.evaluate(f"spied.onmessage({{ data: {json.dumps(json.dumps([snapshot]))} }})")
        await tab.until("document.querySelector('[data-id=stays][data-state=live] .gap')")
        await tab.until("document.querySelector('[data-id=goes][data-state=left]')")


async def test_what_is_said_is_text_and_nothing_else(devtools: str) -> None:
    async with serving() as server, showing(devtools, server.url) as tab:
        await tab.until(CONNECTED)
        await stream(server, "<img src=x onerror=alert(1)>")
        await tab.until(card("finished", "<img src=x onerror=alert(1)>"))
        assert await tab.evaluate("document.querySelectorAll('.card img').length") == 0
        assert tab.complaints() == []


async def test_only_the_server_is_asked_for_anything(devtools: str) -> None:
    async with serving() as server, showing(devtools, server.url) as tab:
        await tab.until(CONNECTED)
        await tab.click("#talk")
        await tab.until(LISTENING)
        place = f"127.0.0.1:{server.port}/"
        asked = tab.requested()
        assert len(asked) > 8
        assert [url for url in asked if url.split("://")[1][: len(place)] != place] == []


async def test_a_page_that_runs_for_long_stays_small(devtools: str) -> None:
    async with serving() as server, showing(devtools, server.url) as tab:
        await tab.until(CONNECTED)
        assert await tab.evaluate("""import("/_page/captions.js").then(({ Captions }) => {
            const box = document.querySelector("#talk-captions"), captions = new Captions(box);
            for (let index = 0; index < 1000; index++)
                captions.take({ text: `line ${index}`, final: true, ends: true });
            return [box.childElementCount, box.lastElementChild.innerText, box.scrollTop > 0];
        })""") == [200, "line 999", True]
