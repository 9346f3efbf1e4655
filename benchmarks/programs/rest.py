"""REST calls, 20 at once: this project's client, and a bare httpx client with the same pool.

python -m benchmarks.programs.rest own|httpx_decoded|httpx|first --url URL
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from deepgram_anyio import ClientConfig, DeepgramClient, Limits

from . import wire
from .http_server import TRANSCRIPT

__all__ = ["main"]

_RECORDING = "https://example.com/recording.wav"


async def _measure(options: Any, call: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
    meter = wire.Meter()

    async def calls(count: int) -> None:
        for _ in range(count):
            await call()

    for counted in (False, True):
        share = (options.count if counted else options.warm_up) // options.streams
        meter.start()
        async with anyio.create_task_group() as tasks:
            for _ in range(options.streams):
                tasks.start_soon(calls, share)
        meter.stop()
    count = options.count // options.streams * options.streams
    return {"count": count, "meter": meter, "requests_per_s": count / meter.wall_s}


def _config(options: Any) -> ClientConfig:
    limits = Limits(max_connections=options.streams, max_idle_connections=options.streams)
    return ClientConfig(api_key="benchmark", base_url=options.url, limits=limits)


async def _own(options: Any) -> dict[str, Any]:
    async with DeepgramClient(config=_config(options)) as dg:

        async def call() -> None:
            answer = await dg.listen.v1.transcribe_url(_RECORDING, model="nova-3", smart_format=True)
            heard = answer.results.channels[0].alternatives[0].transcript
            wire.check(heard == TRANSCRIPT, f"heard {heard!r}")

        return await _measure(options, call)


def _httpx(*, decoded: bool) -> Callable[[Any], Awaitable[dict[str, Any]]]:
    async def measure(options: Any) -> dict[str, Any]:
        import httpx
        import msgspec

        from deepgram_anyio.protocol.rest.transcription import Transcription

        decoder = msgspec.json.Decoder(Transcription)
        limits = httpx.Limits(max_connections=options.streams, max_keepalive_connections=options.streams)
        headers = {"Authorization": "Token benchmark"}
        async with httpx.AsyncClient(base_url=options.url, headers=headers, limits=limits) as client:

            async def call() -> None:
                body = {"url": _RECORDING}
                answer = await client.post("/v1/listen", params={"model": "nova-3", "smart_format": "true"}, json=body)
                answer.raise_for_status()
                if decoded:
                    transcription = decoder.decode(answer.content)
                    heard = transcription.results.channels[0].alternatives[0].transcript
                    wire.check(heard == TRANSCRIPT, f"heard {heard!r}")

            return await _measure(options, call)

    return measure


async def _first(options: Any) -> dict[str, Any]:
    """How much longer the first call of a process takes than the first one of another client: its imports, mostly."""
    took = []
    for _ in range(2):
        began = time.perf_counter()
        async with DeepgramClient(config=_config(options)) as dg:
            await dg.listen.v1.transcribe_url(_RECORDING, model="nova-3")
        took.append(1000 * (time.perf_counter() - began))
    return {"count": 1, "meter": None, "first_call_ms": took[0], "extra_ms": took[0] - took[1]}


def main() -> None:
    options = wire.parse(__doc__)
    cases = {"own": _own, "httpx_decoded": _httpx(decoded=True), "httpx": _httpx(decoded=False), "first": _first}
    wire.report(**anyio.run(cases[options.case], options), packages=("anyio", "httpx", "httpcore", "msgspec"))


if __name__ == "__main__":
    main()
