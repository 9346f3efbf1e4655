"""A headless Chromium, driven through its DevTools protocol over this project's own WebSocket client.

https://chromedevtools.github.io/devtools-protocol/ has the commands.
"""

from __future__ import annotations

import base64
import json
import queue
import shutil
import subprocess
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio

from deepgram_anyio.transport import WebSocket, open_websocket
from deepgram_anyio.transport.tasks import background_tasks

__all__ = ["CHROMIUM", "NO_CHROMIUM", "Browser", "Tab", "chromium", "connect"]

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NO_CHROMIUM = "no Chromium is installed: the page is not looked at in a browser (on Debian: apt-get install chromium)"

_START_S = 30
_WAIT_S = 15

_UNTIL = """new Promise((done, fail) => {
  const stop = () => { watch.disconnect(); clearInterval(timer); clearTimeout(late); };
  const check = () => { const value = (() => %s)(); if (value) { stop(); done(value); } };
  const watch = new MutationObserver(check);
  watch.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
  const timer = setInterval(check, 50);
  const late = setTimeout(() => { stop(); fail(new Error("in vain; the page: " + document.body.innerText)); }, %d);
  check();
})"""


@contextmanager
def chromium(microphone: Path) -> Iterator[str]:
    """Run a browser whose microphone hears a WAV file, once each time that it is opened.

    Yields:
        The URL of its DevTools.
    """
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(prefix="deepgram-anyio-browser-", ignore_cleanup_errors=True) as profile:
        command = [
            CHROMIUM,
            "--headless=new",
            "--no-sandbox",  # containers run as root
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--no-proxy-server",
            "--disable-background-networking",
            "--disable-background-timer-throttling",
            "--disable-renderer-backgrounding",
            "--autoplay-policy=no-user-gesture-required",
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-audio-capture={microphone}%noloop",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            "about:blank",
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        found: queue.Queue[str] = queue.Queue()
        reader = threading.Thread(target=_read, args=(process, found))
        reader.start()
        try:
            yield found.get(timeout=_START_S)
        finally:
            process.terminate()
            process.wait()
            reader.join()


def _read(process: subprocess.Popen[str], found: queue.Queue[str]) -> None:
    assert process.stderr is not None
    with process.stderr:
        for line in process.stderr:
            if line.startswith("DevTools listening on "):
                found.put(line.removeprefix("DevTools listening on ").strip())


class Browser:
    """A connection to a browser's DevTools; `connect` makes it."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._number = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._changed = anyio.Event()
        self.events: list[dict[str, Any]] = []

    async def run(self) -> None:
        """Read until cancelled."""
        async for message in self._socket:
            answer = json.loads(message)
            if "id" in answer:
                self._answers[answer["id"]] = answer
            else:
                self.events.append(answer)
            self._changed.set()
            self._changed = anyio.Event()

    async def call(self, method: str, *, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Call a method and return its result."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": params}
        await self._socket.send(json.dumps({**message, "sessionId": session} if session else message))
        with anyio.fail_after(_WAIT_S + 5):
            while number not in self._answers:
                await self._changed.wait()
        answer = self._answers.pop(number)
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    async def event(self, method: str, session: str) -> dict[str, Any]:
        """Wait for an event of a tab, and return it; it counts once."""
        with anyio.fail_after(_WAIT_S):
            while True:
                for event in self.events:
                    if event["method"] == method and event.get("sessionId") == session:
                        self.events.remove(event)
                        return event
                await self._changed.wait()

    @asynccontextmanager
    async def tab(
        self, url: str, *, width: int = 1200, height: int = 900, dark: bool = False, scale: float = 1
    ) -> AsyncIterator[Tab]:
        """Show a page in a tab of its own, with its own cookies and cache, for as long as the block."""
        context = (await self.call("Target.createBrowserContext"))["browserContextId"]
        try:
            target = (await self.call("Target.createTarget", url="about:blank", browserContextId=context))["targetId"]
            session = (await self.call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
            tab = Tab(self, session)
            for domain in ("Page", "Runtime", "Log", "Network"):
                await tab.call(f"{domain}.enable")
            await tab.call(
                "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False
            )
            scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
            await tab.call("Emulation.setEmulatedMedia", features=[scheme])
            await tab.open(url)
            yield tab
        finally:
            with anyio.CancelScope(shield=True):
                await self.call("Target.disposeBrowserContext", browserContextId=context)


class Tab:
    """One page in a browser."""

    def __init__(self, browser: Browser, session: str) -> None:
        self.browser = browser
        self._session = session

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method on this tab."""
        return await self.browser.call(method, session=self._session, **params)

    async def open(self, url: str) -> None:
        """Go to a page, and wait until it has loaded."""
        await self.call("Page.navigate", url=url)
        await self.browser.event("Page.loadEventFired", self._session)

    async def evaluate(self, expression: str) -> Any:
        """Return the value of an expression, or of the promise that it gives."""
        answer = await self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        details = answer.get("exceptionDetails")
        assert details is None, details.get("exception", {}).get("description") or details
        return answer["result"].get("value")

    async def until(self, condition: str) -> Any:
        """Wait until an expression is true on the page, and return its value."""
        return await self.evaluate(_UNTIL % (condition, _WAIT_S * 1000))

    async def click(self, selector: str) -> None:
        """Click on an element."""
        await self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    async def text(self, selector: str) -> str:
        """Return what can be read in an element."""
        return str(await self.evaluate(f"document.querySelector({json.dumps(selector)}).innerText"))

    async def press(self, key: str, code: int, text: str = "") -> None:
        """Press a key."""
        common = {"key": key, "windowsVirtualKeyCode": code}
        await self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    async def screenshot(self) -> bytes:
        """Return what is seen, as PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])

    def complaints(self) -> list[str]:
        """Return what the browser logged as an error, and exceptions that nobody caught, so far."""
        found = []
        for event in self.browser.events:
            if event.get("sessionId") != self._session:
                continue
            params = event["params"]
            if event["method"] == "Runtime.exceptionThrown":
                found.append(str(params["exceptionDetails"]))
            elif event["method"] == "Log.entryAdded" and params["entry"]["level"] == "error":
                found.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
        return found

    def requested(self) -> list[str]:
        """Return all URLs that were asked for so far."""
        events = [event for event in self.browser.events if event.get("sessionId") == self._session]
        requests = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
        return requests + [e["params"]["url"] for e in events if e["method"] == "Network.webSocketCreated"]


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Browser]:
    """Connect to a browser's DevTools."""
    async with open_websocket(url) as socket, background_tasks() as tasks:
        browser = Browser(socket)
        tasks.start_soon(browser.run)
        yield browser
