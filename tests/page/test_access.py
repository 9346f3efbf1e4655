"""Who can use the page, in a real browser: with a key and without, by keyboard, in both schemes, on a phone."""

from __future__ import annotations

from typing import Any

import pytest

from deepgram_anyio import DeepgramClient

from .stage import CONNECTED, RAW, SOUND, client, serving, showing

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

KEY = "a-key-for-tests"
LOCKED = "!document.querySelector('#locked').hidden && document.activeElement.id === 'key'"

# What everybody can read has 4.5 times the luminance of what is behind it, or the other way round (WCAG 2.2, 1.4.3).
PALE = """(() => {
  const paint = Object.assign(document.createElement("canvas"), {width: 1, height: 1}).getContext("2d");
  const over = (below, color) => {
    paint.fillStyle = `rgb(${below.join(" ")})`; paint.fillRect(0, 0, 1, 1);
    paint.fillStyle = color; paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const behind = (element) => over(element.parentElement ? behind(element.parentElement) : [255, 255, 255],
                                   getComputedStyle(element).backgroundColor);
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.getClientRects().length) continue;
    const ground = behind(element), text = over(ground, getComputedStyle(element).color);
    const [high, low] = [luminance(ground), luminance(text)].sort((one, other) => other - one);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) found.push(`${element.className || element.id || element.tagName}: ${ratio.toFixed(2)}`);
  }
  return found;
})()"""


@pytest.fixture(params=["trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param  # of the server, which does nothing special here


async def test_a_server_with_keys_asks_for_one_and_the_page_keeps_it_to_itself(devtools: str) -> None:
    async with serving(api_keys=[KEY]) as server, showing(devtools, server.url) as tab:
        await tab.until(LOCKED)
        assert await tab.evaluate("document.querySelector('#microphone').hidden")
        for wrong, why in (("not the key", "cannot send"), ("wrong", "does not know")):
            await tab.evaluate(f"document.querySelector('#key').value = '{wrong}'")
            await tab.click("#key-form button")
            await tab.until(f"document.querySelector('#key-error').textContent.includes('{why}')")
        await tab.evaluate(f"document.querySelector('#key').value = '{KEY}'")
        await tab.click("#key-form button")
        await tab.until(CONNECTED)
        assert await tab.evaluate("document.querySelector('#locked').hidden")
        await tab.click("#talk")
        await tab.until("document.querySelector('.card[data-state=live]')")
        kept = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, history.state, location.href])"
        everything = [await tab.evaluate(f"{kept} + document.documentElement.outerHTML"), *tab.requested()]
        assert [text for text in everything if KEY in text] == []
        assert await tab.evaluate("document.querySelector('#key').value") == ""
        await tab.open(server.url)
        await tab.until(LOCKED)


async def test_a_key_for_speech_has_the_microphone_alone(devtools: str) -> None:
    async with serving(api_keys=[KEY]) as server, DeepgramClient(KEY, base_url=server.url) as dg:
        made = await dg.manage.v1.keys.create(server.project_id, comment="speech", scopes=["usage:write"])
        async with showing(devtools, server.url) as tab:
            await tab.until(LOCKED)
            await tab.evaluate(f"document.querySelector('#key').value = '{made.key}'")
            await tab.click("#key-form button")
            await tab.until("document.querySelector('#state').textContent === 'Microphone only'")
            assert await tab.evaluate("document.querySelector('#connections').hidden")
            await tab.click("#talk")
            await tab.until("document.querySelector('#talk-captions').innerText.includes('From the microphone')")


async def test_everything_can_be_done_with_the_keyboard(devtools: str) -> None:
    async with serving() as server, showing(devtools, server.url) as tab:
        await tab.until(CONNECTED)
        focused = []
        for _ in range(3):
            await tab.press("Tab", 9)
            focused.append(await tab.evaluate("document.activeElement.id || document.activeElement.className"))
        assert focused == ["skip", "talk", "talk-captions"]
        outline = await tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        await tab.evaluate("document.querySelector('#talk').focus()")
        await tab.press("Enter", 13, "\r")
        await tab.until("document.querySelector('#talk-label').textContent === 'Stop speaking'")
        await tab.press(" ", 32, " ")
        await tab.until("document.querySelector('.card[data-state=finished]')")
        # A card that has the focus keeps it when it moves to those that ended.
        async with client(server) as dg, dg.listen.v1.connect(**RAW, keyterm="hello there") as connection:
            await tab.until("document.querySelector('#live .captions')")
            await tab.evaluate("document.querySelector('#live .captions').focus()")
            assert await tab.evaluate("document.activeElement.ariaLive") == "polite"
            await connection.send(SOUND)
        await tab.until("document.querySelectorAll('#ended .card').length === 2")
        assert await tab.evaluate("document.activeElement.matches('#ended .captions')")
        await tab.click("#clear")
        assert await tab.evaluate("document.activeElement.id") == "connections"


async def test_everything_has_a_name_for_those_who_do_not_see_it(devtools: str) -> None:
    async with serving() as server, client(server) as dg, showing(devtools, server.url) as tab:
        await tab.until(CONNECTED)
        async with dg.listen.v1.connect(**RAW, keyterm="hello there") as connection:
            await connection.send(SOUND)
            await tab.until("document.querySelector('#live .said')?.textContent")
            nodes = (await tab.call("Accessibility.getFullAXTree"))["nodes"]
        named = [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes
            if not node["ignored"] and "role" in node
        ]
        roles = {role for role, _ in named}
        assert {"banner", "main", "region", "log", "meter", "status", "article", "heading"} <= roles
        for role, name in named:
            if role in ("button", "link", "log", "meter", "region", "textbox", "list"):
                assert name, role
        assert ("button", "Start speaking") in named
        assert any(role == "log" and name.startswith("Captions of Listen") for role, name in named)
        assert await tab.evaluate("document.documentElement.lang") == "en"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_everything_can_be_read(devtools: str, dark: bool) -> None:
    async with (
        serving(api_keys=[KEY]) as server,
        client(server, KEY) as dg,
        showing(devtools, server.url, dark=dark) as tab,
    ):
        await tab.until(LOCKED)
        await tab.click("#key-form button")
        assert await tab.evaluate(PALE) == []
        await tab.evaluate(f"document.querySelector('#key').value = '{KEY}'")
        await tab.click("#key-form button")
        await tab.until(CONNECTED)
        assert await tab.evaluate(PALE) == []  # nothing is connected
        async with dg.listen.v1.connect(**RAW, keyterm="hello there", interim_results=True) as connection:
            await connection.send(SOUND[:25600])
            await tab.until("document.querySelector('.interim')?.textContent")
            assert await tab.evaluate(PALE) == []
        for state in ("finished", "cut", "closed", "lost"):
            await tab.until("document.querySelector('#ended .card')")
            await tab.evaluate(f"document.querySelector('#ended .card').dataset.state = '{state}'")
            await tab.evaluate("document.querySelector('#ended .why').hidden = false")
            await tab.evaluate("document.querySelector('#ended .why').textContent = 'because'")
            assert await tab.evaluate(PALE) == []
        background = await tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, background[4:-1].split(","))) < 200) == dark


@pytest.mark.parametrize("width", [320, 390])
async def test_it_fits_a_phone(devtools: str, width: int) -> None:
    async with serving() as server, client(server) as dg, showing(devtools, server.url, width=width) as tab:
        await tab.until(CONNECTED)
        wide = "document.documentElement.scrollWidth - innerWidth"
        assert await tab.evaluate(wide) <= 0
        async with dg.listen.v1.connect(**RAW, keyterm="w" * 100) as connection:
            await connection.send(SOUND)
            await tab.until("document.querySelector('#live .said')?.textContent")
            assert await tab.evaluate(wide) <= 0
            small = "[...document.querySelectorAll('button')].filter((b) => b.clientWidth && b.clientWidth < 24)"
            assert await tab.evaluate(f"{small}.length") == 0
