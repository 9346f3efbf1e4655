"""What is measured: every case, the clients that run it, and what their figures are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

__all__ = ["CASES", "QUICK", "Case", "Client", "Column"]

QUICK = 8
"""How much less a quick run measures."""

_V4, _V7 = "deepgram-sdk-4.8.1", "deepgram-sdk-7.16.0"


@dataclass(frozen=True, kw_only=True)
class Client:
    """A program that runs a case.

    Attributes:
        key: names it in figures and promises.
        name: names it in tables.
        program: of ``programs``.
        case: what the program calls the case.
        environment: see `environment`; None for this project's own.
        loop: asyncio, uvloop or trio.
        count: messages, calls or connections that count, for about a second of CPU time.
        warm_up: and as many before.
        arguments: more of them for the program.
        variables: of the process's environment.
    """

    key: str
    name: str
    program: str
    case: str
    environment: str | None = None
    loop: str = "asyncio"
    count: int = 1000
    warm_up: int = 0
    arguments: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """A figure of a case: its key, what it is called, and its decimals."""

    key: str
    heading: str
    decimals: int = 1


@dataclass(frozen=True, kw_only=True)
class Case:
    """Something to measure. The first column is what it is about; its spread is told, too.

    Attributes:
        server: which one it needs: ``ws``, ``wss``, ``http``, or None.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    clients: tuple[Client, ...]
    server: str | None = "ws"


_SATURATED = (Column("cpu_us", "CPU µs"), Column("per_s", "per second", 0), Column("peak_mib", "peak MiB"))

# --- one connection, saturated


def _own(case: str, count: int, *, loop: str = "asyncio", name: str = "deepgram_anyio", key: str = "own") -> Client:
    return Client(
        key=f"{key}-{loop}", name=f"{name}, {loop}", program="own", case=case, loop=loop, count=count, warm_up=2000
    )


def _sdk(version: str, kind: str, case: str, count: int, warm_up: int) -> Client:
    short = version.split(".")[0]
    return Client(
        key=f"v{short}-{kind}",
        name=f"deepgram-sdk {version}, {'asyncio' if kind == 'async' else 'threads'}",
        program=f"v{short}_{kind}",
        case=case,
        environment=f"deepgram-sdk-{version}",
        count=count,
        warm_up=warm_up,
    )


def _socket(library: str, release: str, case: str, count: int, *, loop: str = "asyncio") -> Client:
    return Client(
        key=library if loop == "asyncio" else f"{library}-{loop}",
        name=f"{library} and msgspec, {loop}",
        program=f"{library}_client",
        case=case,
        environment=f"{library}-{release}" if release else None,
        loop=loop,
        count=count,
        warm_up=2000,
    )


_DOWN = (
    _sdk("4.8.1", "async", "down", 800, 100),
    _sdk("7.16.0", "async", "down", 8000, 500),
    _socket("websockets", "17", "down", 60_000),
    _socket("aiohttp", "3.14", "down", 120_000),
    _socket("picows", "2.3", "down", 120_000),
    _own("down", 120_000),
    _own("down", 120_000, loop="uvloop"),
)
_DOWN_ONLY_PLAIN = (
    _socket("picows", "2.3", "down", 120_000, loop="uvloop"),
    _socket("wsproto", "", "down", 40_000),
    _own("down", 120_000, loop="trio"),
)
_UP = (
    _sdk("4.8.1", "async", "send", 40_000, 2000),
    _sdk("7.16.0", "async", "send", 40_000, 2000),
    _socket("websockets", "17", "send", 40_000),
    _socket("aiohttp", "3.14", "send", 80_000),
    _socket("picows", "2.3", "send", 80_000),
    _own("send", 40_000, name="deepgram_anyio send", key="own-send"),
    _own("send_nowait", 80_000, name="deepgram_anyio send_nowait", key="own-send_nowait"),
    _own("send_audio", 80_000, name="deepgram_anyio send_audio", key="own-send_audio"),
)
_UP_ONLY_PLAIN = (
    _socket("picows", "2.3", "send", 80_000, loop="uvloop"),
    _socket("wsproto", "", "send", 20_000),
    *(
        _own(case, count, loop=loop, name=f"deepgram_anyio {case}", key=f"own-{case}")
        for loop in ("uvloop", "trio")
        for case, count in (("send", 40_000), ("send_nowait", 80_000), ("send_audio", 80_000))
    ),
)


def _sync(case: str, counts: tuple[int, int, int, int]) -> tuple[Client, ...]:
    v4, v7, own, own_v4 = counts
    return (
        _sdk("4.8.1", "sync", case, v4, 2000 if case == "send" else 100),
        _sdk("7.16.0", "sync", case, v7, 2000 if case == "send" else 500),
        Client(
            key="own-sync",
            name="deepgram_anyio.sync, its own names",
            program="own_sync",
            case=case,
            count=own,
            warm_up=2000,
        ),
        Client(
            key="own-v4",
            name="deepgram_anyio.sync, the names of v4",
            program="v4_sync",
            case=case,
            count=own_v4,
            warm_up=2000,
            arguments=("--package", "deepgram_anyio.sync"),
        ),
    )


_DOWN_SYNC = _sync("down", (800, 8000, 80_000, 20_000))
_UP_SYNC = _sync("send", (40_000, 60_000, 60_000, 60_000))


def _plain_and_tls(
    name: str,
    title: str,
    clients: tuple[Client, ...],
    *,
    only_plain: tuple[Client, ...] = (),
    columns: tuple[Column, ...] = _SATURATED,
) -> tuple[Case, Case]:
    return (
        Case(name=name, title=title, columns=columns, clients=clients + only_plain),
        Case(name=f"{name}-tls", title=f"{title}, over TLS", columns=columns, clients=clients, server="wss"),
    )


_ONE_CONNECTION = (
    *_plain_and_tls("down", "Down: a typed event", _DOWN, only_plain=_DOWN_ONLY_PLAIN),
    *_plain_and_tls("up", "Up: an audio frame of 640 bytes", _UP, only_plain=_UP_ONLY_PLAIN),
    *_plain_and_tls("down-sync", "Down, blocking: a typed event", _DOWN_SYNC),
    *_plain_and_tls("up-sync", "Up, blocking: an audio frame of 640 bytes", _UP_SYNC),
)

# --- many connections, and short ones


def _shared(
    case: str, count: int, *arguments: str, warm_up: int = 5, only: tuple[str, ...] = ("v7", "own", "own-uvloop")
) -> tuple[Client, ...]:
    """Return clients of a case that needs no loop of its own in each client."""
    v7 = _sdk("7.16.0", "async", case, count, warm_up)
    clients = {
        "v7": v7,
        "websockets": _socket("websockets", "17", case, count),
        "aiohttp": _socket("aiohttp", "3.14", case, count),
        "own": _own(case, count),
        "own-uvloop": _own(case, count, loop="uvloop"),
    }
    return tuple(replace(clients[key], warm_up=warm_up, arguments=arguments) for key in only)


_REALTIME = (
    Column("cpu_ms_per_stream_s", "CPU ms per second of a stream", 2),
    Column("sent_late_p99_ms", "frame late, p99, ms"),
    Column("event_late_p99_ms", "event late, p99, ms"),
    Column("memory_per_connection_kib", "KiB per connection", 0),
)
_LIBRARIES = ("v7", "websockets", "aiohttp", "own", "own-uvloop")
_FIRST = (Column("first_event_p50_ms", "p50, ms", 2), Column("first_event_p99_ms", "p99, ms", 2))
_LATENCY = (
    Column("up_p50_us", "send to server, p50, µs", 0),
    Column("up_p99_us", "p99", 0),
    Column("down_p50_us", "server to event, p50, µs", 0),
    Column("down_p99_us", "p99", 0),
)
_NO_LANES = {"DEEPGRAM_ANYIO_LANES": "off"}
_CONNECTIONS = (Column("connections_per_s", "connections per second", 0), Column("cpu_us", "CPU µs each", 0))

_MANY_CONNECTIONS = (
    *_plain_and_tls(
        "realtime",
        "300 streams in real time, frames of 20 ms, an event for every tenth",
        _shared("realtime", 0, "--streams", "300", "--seconds", "6"),
        columns=_REALTIME,
    ),
    Case(
        name="realtime-500",
        title="500 streams in real time on one core",
        columns=_REALTIME,
        clients=_shared("realtime", 0, "--streams", "500", "--seconds", "6", "--pin", only=("own-uvloop",)),
    ),
    Case(
        name="connect",
        title="Connections opened and closed, one after the other",
        columns=_CONNECTIONS,
        clients=_shared("connect", 200, only=_LIBRARIES),
    ),
    Case(
        name="connect-20",
        title="Connections opened and closed, 20 at once",
        columns=_CONNECTIONS,
        clients=_shared("connect", 300, "--streams", "20", only=_LIBRARIES),
    ),
    Case(
        name="first",
        title="From nothing to the first event: connect, a frame, its event",
        columns=_FIRST,
        clients=_shared("first", 100, only=_LIBRARIES),
    ),
    Case(
        name="latency",
        title="An idle line, a frame every 5 ms and its event",
        columns=_LATENCY,
        clients=(
            *_shared("latency", 400, warm_up=20),
            replace(
                _own("latency", 400), key="own-off", name="deepgram_anyio, asyncio, lanes off", variables=_NO_LANES
            ),
        ),
    ),
    Case(
        name="reconnect",
        title="From the break to Reconnected, without the wait between attempts",
        columns=(Column("reconnect_p50_ms", "p50, ms", 2), Column("reconnect_p99_ms", "p99, ms", 2)),
        clients=(replace(_own("reconnect", 40), warm_up=5), replace(_own("reconnect", 40, loop="uvloop"), warm_up=5)),
    ),
)

# --- without a socket, REST, imports


def _plain(key: str, name: str, program: str, case: str, count: int, *arguments: str, warm_up: int = 0) -> Client:
    return Client(key=key, name=name, program=program, case=case, count=count, warm_up=warm_up, arguments=arguments)


def _import(key: str, name: str, statement: str, where: str | None = None) -> Client:
    return replace(_plain(key, name, "imports", statement, 5), environment=where)


_POOL = ("--streams", "20")
_OTHERS = (
    Case(
        name="codec",
        title="Decoding a result and framing audio, without a socket",
        columns=(Column("cpu_us", "CPU µs", 2),),
        server=None,
        clients=(
            _plain("decode", "decode, deepgram_anyio", "codec", "decode", 100_000, warm_up=1000),
            _plain(
                "decode_plain", "decode, msgspec and a plain struct", "codec", "decode_plain", 100_000, warm_up=1000
            ),
            _plain("encode", "frame and mask 640 bytes, deepgram_anyio", "codec", "encode", 100_000, warm_up=1000),
        ),
    ),
    Case(
        name="rest",
        title="REST: transcriptions by URL, 20 at once, a pool of 20",
        columns=(Column("requests_per_s", "requests per second", 0), Column("cpu_us", "CPU µs each", 0)),
        server="http",
        clients=(
            _plain("httpx", "httpx, answer not decoded", "rest", "httpx", 1000, *_POOL, warm_up=100),
            _plain("httpx-decoded", "httpx and the same decoding", "rest", "httpx_decoded", 1000, *_POOL, warm_up=100),
            _plain("own", "deepgram_anyio", "rest", "own", 1000, *_POOL, warm_up=100),
        ),
    ),
    Case(
        name="import",
        title="Import in a fresh interpreter",
        columns=(Column("import_ms", "ms"),),
        server=None,
        clients=(
            _import("v4", "import deepgram, 4.8.1", "import deepgram", _V4),
            _import("v7", "import deepgram, 7.16.0", "import deepgram", _V7),
            _import("own", "import deepgram_anyio", "import deepgram_anyio"),
            _import("v7-client", "and its client class, 7.16.0", "from deepgram import AsyncDeepgramClient", _V7),
            _import("own-client", "and its client class", "from deepgram_anyio import DeepgramClient"),
            _import("own-sync", "import deepgram_anyio.sync", "import deepgram_anyio.sync"),
        ),
    ),
    Case(
        name="first-rest",
        title="What the first REST call of a process costs more than the next: imports, mostly",
        columns=(Column("extra_ms", "ms more"), Column("first_call_ms", "whole call, ms")),
        server="http",
        clients=(_plain("own", "deepgram_anyio", "rest", "first", 1),),
    ),
)

CASES: dict[str, Case] = {case.name: case for case in (*_ONE_CONNECTION, *_MANY_CONNECTIONS, *_OTHERS)}
