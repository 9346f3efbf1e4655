"""What the project promises about its speed, and whether a run of the benchmarks bears it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .figures import Figures

__all__ = ["Promise", "promises"]


@dataclass(frozen=True)
class Promise:
    """One promise, and what became of it.

    Attributes:
        text: what has to hold, with its bound.
        reached: the figure that was reached, in words; None when it was not measured.
        kept: whether it holds; None when it was not measured, or when there is only something to tell.
    """

    text: str
    reached: str | None = None
    kept: bool | None = None


Value = Callable[[], "float | None"]


class _Judge:
    """Finds medians, and compares them."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def least(self, case: str, clients: tuple[str, ...], figure: str) -> float | None:
        """Return the least of some clients' medians."""
        found = [self._figures.median(case, client, figure) for client in clients]
        known = [value for value in found if value is not None]
        return min(known) if len(known) == len(found) else None

    def ratio(
        self, case: str, above: str, below: str, figure: str = "cpu_us", *, cheapest: tuple[str, ...] = ()
    ) -> float | None:
        """Return how many times the median of one client is that of another, or of the least of several."""
        over = self.least(case, cheapest or (above,), figure)
        under = self._figures.median(case, below, figure)
        return over / under if over is not None and under else None

    def at_least(self, text: str, ratio: float | None, bound: float) -> Promise:
        """Judge a ratio with a lower bound."""
        if ratio is None:
            return Promise(f"{text}: at least {bound:g} times")
        return Promise(
            f"{text}: at least {bound:g} times", f"{ratio:.{1 if ratio >= 10 else 2}f} times", ratio >= bound
        )

    def at_most(self, text: str, ratio: float | None, bound: float) -> Promise:
        """Judge a ratio with an upper bound."""
        if ratio is None:
            return Promise(f"{text}: at most {bound:g}")
        return Promise(f"{text}: at most {bound:g}", f"{ratio:.2f}", ratio <= bound)

    def same_order(self, text: str, case: str, ours: str, theirs: str, figure: str = "cpu_us") -> Promise:
        """Judge whether two clients finish over TLS as they do without."""
        plain, tls = self.ratio(case, ours, theirs, figure), self.ratio(f"{case}-tls", ours, theirs, figure)
        if plain is None or tls is None:
            return Promise(text)
        return Promise(text, f"{plain:.2f} plain, {tls:.2f} over TLS", (plain <= 1) == (tls <= 1))

    def no_worse(self, text: str, case: str, client: str, other: str, figure: str) -> Promise:
        """Judge a median against another client's rounds: it may not lie above all of them."""
        ours, theirs = self._figures.median(case, client, figure), self._figures.median(case, other, figure)
        spread = self._figures.spread(case, other, figure)
        if ours is None or theirs is None or spread is None:
            return Promise(text)
        reached = f"{ours:.0f} µs with, {theirs:.0f} ({spread[0]:.0f} to {spread[1]:.0f}) without"
        return Promise(text, reached, ours <= spread[1])


def promises(figures: Figures) -> list[Promise]:
    """Judge all promises by the medians of a run."""
    judge = _Judge(figures)
    return [
        *_one_connection(judge),
        *_many_connections(judge, figures),
        *_blocking(judge),
        *_latency(judge),
        *_others(judge, figures),
    ]


def _one_connection(judge: _Judge) -> Iterator[Promise]:
    down = "down, typed events on asyncio, against"
    yield judge.at_least(f"{down} deepgram-sdk 4.8.1", judge.ratio("down", "v4-async", "own-asyncio"), 150)
    yield judge.at_least(f"{down} deepgram-sdk 7.16.0", judge.ratio("down", "v7-async", "own-asyncio"), 12)
    yield judge.at_least(f"{down} websockets and msgspec", judge.ratio("down", "websockets", "own-asyncio"), 1.5)
    yield judge.at_most(f"{down} aiohttp and msgspec, cost", judge.ratio("down", "own-asyncio", "aiohttp"), 1.3)
    fast = ("own-send_nowait-asyncio", "own-send_audio-asyncio")
    up = "up, the cheaper of `send_nowait` and `send_audio`, cost against"
    yield judge.at_most(f"{up} deepgram-sdk 7.16.0", judge.ratio("up", "", "v7-async", cheapest=fast), 0.5)
    yield judge.at_most(f"{up} aiohttp", judge.ratio("up", "", "aiohttp", cheapest=fast), 0.8)
    awaited = judge.ratio("up", "own-send-asyncio", "v7-async")
    yield judge.at_most("up, awaited `send` frame by frame, cost against deepgram-sdk 7.16.0", awaited, 1.0)
    for case, client in (("down", "own-asyncio"), ("up", "own-send_nowait-asyncio"), ("up", "own-send-asyncio")):
        what = client.removeprefix("own-").removesuffix("asyncio").strip("-") or "events"
        text = f"{case}, {what}: over TLS the same order of finish against deepgram-sdk 7.16.0"
        yield judge.same_order(text, case, client, "v7-async")


def _many_connections(judge: _Judge, figures: Figures) -> Iterator[Promise]:
    cpu = judge.ratio("realtime", "own-asyncio", "v7-async", "cpu_ms_per_stream_s")
    yield judge.at_most("300 real-time streams on asyncio, CPU against deepgram-sdk 7.16.0", cpu, 0.8)
    memory = judge.ratio("realtime", "own-asyncio", "v7-async", "memory_per_connection_kib")
    yield judge.at_most("memory per connection against deepgram-sdk 7.16.0", memory, 1.0)
    text = "300 real-time streams: over TLS the same order of finish against deepgram-sdk 7.16.0"
    yield judge.same_order(text, "realtime", "own-asyncio", "v7-async", "cpu_ms_per_stream_s")
    memory = judge.ratio("realtime-tls", "own-asyncio", "v7-async", "memory_per_connection_kib")
    yield judge.at_most("memory per connection over TLS against deepgram-sdk 7.16.0", memory, 1.0)
    late = figures.median("realtime-500", "own-uvloop", "sent_late_p99_ms")
    text = "500 real-time streams on one core, uvloop: frames late by less than 50 ms at p99"
    yield Promise(text) if late is None else Promise(text, f"{late:.1f} ms", late < 50)


def _blocking(judge: _Judge) -> Iterator[Promise]:
    for client, names in (("own-sync", "its own names"), ("own-v4", "the names of v4")):
        down = judge.ratio("down-sync", "v4-sync", client)
        yield judge.at_least(f"blocking facade, {names}: down, against deepgram-sdk 4.8.1", down, 50)
        up = judge.ratio("up-sync", client, "v4-sync")
        yield judge.at_most(f"blocking facade, {names}: up, cost against deepgram-sdk 4.8.1", up, 1.0)


def _latency(judge: _Judge) -> Iterator[Promise]:
    ways = {"up": "from `send` to the server", "down": "from the server to the event"}
    for way, words in ways.items():
        for share in ("p50", "p99"):
            text = f"idle line, {words}, {share}: with the lanes no worse than the rounds without"
            yield judge.no_worse(text, "latency", "own-asyncio", "own-off", f"{way}_{share}_us")


def _others(judge: _Judge, figures: Figures) -> Iterator[Promise]:
    imports = judge.ratio("import", "own", "v7", "import_ms")
    yield judge.at_most("`import deepgram_anyio` against `import deepgram` of 7.16.0, time", imports, 0.4)
    extra = figures.median("first-rest", "own", "extra_ms")
    text = "what the first REST call of a process takes longer than the next (only told)"
    yield Promise(text, None if extra is None else f"{extra:.0f} ms")
    rest = judge.ratio("rest", "own", "httpx-decoded", "requests_per_s")
    yield judge.at_least("REST requests per second against bare httpx with the same decoding", rest, 1.0)
