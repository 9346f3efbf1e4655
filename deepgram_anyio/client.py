"""`DeepgramClient`: the settings, and the services that share them."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .config import ClientConfig, resolve_credentials, resolve_hosts
from .errors import ConfigError
from .services.agent import Agent
from .services.auth import Auth
from .services.backend import Backend
from .services.listen import Listen
from .services.manage import Manage
from .services.read import Read
from .services.selfhosted import SelfHosted
from .services.speak import Speak
from .transport.credentials import Credentials, TokenSource

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["DeepgramClient"]


class DeepgramClient:
    """Deepgram's API, for asyncio and trio.

    ```python
    async with DeepgramClient() as dg:
        async with dg.listen.v1.stream("speech.wav", model="nova-3") as results:
            async for event in results:
                ...
    ```

    Attributes:
        listen: speech to text.
        speak: text to speech.
        agent: voice agents.
        read: text intelligence.
        auth: short-lived tokens.
        manage: projects, keys, members, invitations, requests, usage, billing, models.
        selfhosted: credentials of the self-hosted distribution.
    """

    listen: Listen
    speak: Speak
    agent: Agent
    read: Read
    auth: Auth
    manage: Manage
    selfhosted: SelfHosted

    def __init__(
        self,
        api_key: str | None = None,
        *,
        access_token: TokenSource | None = None,
        base_url: str | None = None,
        agent_url: str | None = None,
        region: str | None = None,
        config: ClientConfig | None = None,
    ) -> None:
        """
        Args:
            api_key: Deepgram API key. Credentials, first that is set: argument, `config`, ``DEEPGRAM_ACCESS_TOKEN``,
                ``DEEPGRAM_API_KEY``.
            access_token: short-lived token, or a function, sync or async, that gives one; asked for every connection.
            base_url: API host, with an optional path prefix; else ``DEEPGRAM_HOST``, else the region's.
            agent_url: host of the voice agent, when it differs.
            region: ``global``, ``eu``, ``au`` or ``in``.
            config: all settings in one; the other arguments win over it.

        Raises:
            ConfigError: credentials are missing, or would go out in plain text; an unknown region; not a URL.
        """
        given = {
            "api_key": api_key,
            "access_token": access_token,
            "base_url": base_url,
            "agent_url": agent_url,
            "region": region,
        }
        self._config = _merged(config or ClientConfig(), given)
        self._local_options: dict[str, Any] | None = None
        self._stack: AsyncExitStack | None = None
        self._use(_backend(self._config))

    @classmethod
    def local(cls, *, config: ClientConfig | None = None, **server_options: Any) -> Self:
        """Make a client with a server of its own: `deepgram_anyio.local.serve` on a free loopback port.

        The server lives as long as the ``async with`` block. Needs the extra ``local``.

        Args:
            config: timeouts and limits of the client; its hosts and credentials are replaced.
            **server_options: as for `deepgram_anyio.local.serve`.

        Returns:
            the client; its services are there when its block is entered.
        """
        self = cls.__new__(cls)
        self._config = config or ClientConfig()
        self._local_options = server_options
        self._stack = None
        return self

    def _use(self, backend: Backend) -> None:
        self._backend = backend
        self.listen = Listen(backend)
        self.speak = Speak(backend)
        self.agent = Agent(backend)
        self.read = Read(backend)
        self.auth = Auth(backend)
        self.manage = Manage(backend)
        self.selfhosted = SelfHosted(backend)

    @property
    def base_url(self) -> str:
        """The API host in use."""
        return self._backend.api_url

    def __getattr__(self, name: str) -> Any:
        # Only reached for what is not set: the services of a local client before its server runs.
        if name == "_backend" or name in type(self).__annotations__:
            raise ConfigError("DeepgramClient.local() starts its server in 'async with DeepgramClient.local() as dg'")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    async def __aenter__(self) -> Self:
        if self._stack is not None:
            raise ConfigError("this client is already open")
        stack = AsyncExitStack()
        if self._local_options is not None:
            try:
                from .local import serve
            except ModuleNotFoundError as error:
                raise ConfigError(str(error)) from error
            server = await stack.enter_async_context(serve(**self._local_options))
            here = replace(self._config, base_url=server.url, agent_url=server.url, proxy="")
            # Not even this machine's own server is shown a key that is meant for Deepgram.
            self._use(_backend(here, Credentials(api_key=server.api_key)))
        await stack.enter_async_context(self._backend.http)
        self._stack = stack
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        assert self._stack is not None
        stack, self._stack = self._stack, None
        return await stack.__aexit__(exc_type, exc, traceback)

    def __repr__(self) -> str:
        return f"<DeepgramClient {self._config.base_url or self._config.region or 'global'}>"


def _merged(config: ClientConfig, given: dict[str, Any]) -> ClientConfig:
    named = {name: value for name, value in given.items() if value is not None}
    if "api_key" in named and "access_token" not in named:
        # An argument wins over the configuration, also when they are of different kinds.
        named["access_token"] = None
    return replace(config, **named)


def _backend(config: ClientConfig, credentials: Credentials | None = None) -> Backend:
    hosts = resolve_hosts(config)
    return Backend(
        api_url=hosts.api,
        agent_url=hosts.agent,
        credentials=resolve_credentials(config, hosts) if credentials is None else credentials,
        timeouts=config.timeouts,
        limits=config.limits,
        retry=config.retry,
        reconnect=config.reconnect,
        proxy=config.proxy,
        ssl_context=config.ssl_context,
        headers=config.headers,
        telemetry=config.telemetry,
    )
