"""Serving: the application behind hypercorn, in the caller's own event loop, asyncio or trio."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from hypercorn.config import Config

from ..errors import ConfigError
from ..transport.clock import running_trio
from ..transport.hosts import is_loopback
from ..transport.tasks import background_tasks
from .app import build_app
from .asgi import Drained
from .engines.base import Recognizer, Voice
from .fault_options import FaultOptions
from .settings import ServerSettings
from .state import ServerState
from .thinker import Thinker

__all__ = ["LocalServer", "serve"]

_GRACE_S = 2.0  # a busy machine takes its time; what asyncio has to cancel, some releases of Python report as an error


@dataclass(frozen=True, kw_only=True)
class LocalServer:
    """A running embedded server.

    Attributes:
        host: the address it listens on.
        port: the port.
        project_id: the project that there is.
        api_key: a key that it lets in; None when it lets everyone in.
        page: whether it shows the page of live connections, at ``/`` of its `url`.
    """

    host: str
    port: int
    project_id: str
    api_key: str | None = field(default=None, repr=False)
    page: bool = False

    @property
    def url(self) -> str:
        """The base URL, for `DeepgramClient(base_url=...)`."""
        host = "127.0.0.1" if self.host == "0.0.0.0" else "::1" if self.host == "::" else self.host  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


@asynccontextmanager
async def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    api_keys: Collection[str] | None = None,
    recognizer: Recognizer | None = None,
    voice: Voice | None = None,
    thinker: Thinker | None = None,
    idle_timeout_s: float = 10.0,
    max_connections: int = 100,
    allow_private_urls: bool = False,
    faults: FaultOptions | None = None,
    middleware: Callable[[Any], Any] | None = None,
    page: bool | None = None,
) -> AsyncIterator[LocalServer]:
    """Run the embedded server for as long as the block; it accepts connections when the block is entered.

    Leaving the block ends all streams with 1001 and closes the port.

    Args:
        host: address to listen on.
        port: port to listen on; 0 picks a free one.
        api_keys: keys that are let in, as the project owner's; more can be made through the API. None lets everyone in,
            except with a key or token that is known to be deleted or expired.
        recognizer: the speech recogniser; None for the packaged one, started when first used. One that is passed in is
            not closed.
        voice: the voice; None for the best packaged one that is installed. One that is passed in is not closed.
        thinker: what voice agents answer with; None for one that works by rules, see `thinker.RuleThinker`.
        idle_timeout_s: silence from a client after which a stream is closed with ``NET-0001``.
        max_connections: streams, and requests of speech and text, served at once; more are refused with 429.
        allow_private_urls: fetch recordings from, and deliver results to, addresses of this machine and its network,
            which is refused otherwise.
        faults: how the server misbehaves, for tests of what a client does then; None for not at all.
        middleware: makes an ASGI application of the server's; what clients send and get passes through it, and each
            request has its identifier in the scope as ``dg-request-id``.
        page: show the page of live connections at ``/``. None for where only this machine can see it: on a loopback
            address. On any other, it has to be asked for, and needs `api_keys`, since it shows what is said.

    Yields:
        the running server.

    Raises:
        ConfigError: the address cannot be used, `api_keys` is a single string, `faults` are not `FaultOptions`, or a
            page is asked for on a network that everyone could read.
    """
    if isinstance(api_keys, str):
        raise ConfigError("api_keys must be a collection of keys, not one string")
    if faults is not None and not isinstance(faults, FaultOptions):
        raise ConfigError(f"faults must be FaultOptions, not {type(faults).__name__}")
    if page and api_keys is None and not is_loopback(host):
        raise ConfigError(
            f"a page on {host} shows everyone on the network what is said: it needs api_keys (serve --api-key KEY)"
        )
    settings = ServerSettings(
        api_keys=None if api_keys is None else frozenset(api_keys),
        recognizer=recognizer,
        voice=voice,
        thinker=thinker,
        idle_timeout_s=idle_timeout_s,
        max_connections=max_connections,
        allow_private_urls=allow_private_urls,
        faults=faults,
        middleware=middleware,
        host=host,
        page=is_loopback(host) if page is None else page,
    )
    state = ServerState(settings)
    listener = _listen(host, port)
    server = LocalServer(
        host=host,
        port=listener.getsockname()[1],
        project_id=state.store.accounts.default_project_id,
        api_key=next(iter(api_keys)) if api_keys else None,
        page=settings.page,
    )
    stop = anyio.Event()
    stopped = anyio.Event()
    # Cancelled, hypercorn leaves tasks behind; so it is asked to stop, and cancelled only if it does not.
    serving = anyio.CancelScope(shield=True)

    async def run() -> None:
        with listener, serving:
            await _hypercorn(Drained(build_app(state), tasks.start_soon), listener, stop)
        stopped.set()

    async with background_tasks() as tasks:
        tasks.start_soon(run)
        tasks.start_soon(state.callbacks.run)
        try:
            yield server
        finally:
            with anyio.move_on_after(2 * _GRACE_S, shield=True):
                await state.stop()
                stop.set()
                await stopped.wait()
            serving.cancel()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except (OSError, OverflowError) as error:
        raise ConfigError(f"cannot listen on {host}:{port}: {error}") from error


async def _hypercorn(app: Any, listener: socket.socket, stop: anyio.Event) -> None:
    config = Config()
    # Hypercorn closes the descriptor that it is given; ours stays open until it has.
    config.bind = [f"fd://{listener.dup().detach()}"]
    config.errorlog = config.accesslog = None
    config.graceful_timeout = _GRACE_S
    config.websocket_max_message_size = 16 * 1024 * 1024
    config.include_server_header = False
    if running_trio() is not None:
        from hypercorn.trio import serve as serve_trio

        await serve_trio(app, config, shutdown_trigger=stop.wait)
    else:
        from hypercorn.asyncio import serve as serve_asyncio

        await serve_asyncio(app, config, shutdown_trigger=stop.wait)
