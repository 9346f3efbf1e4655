"""`DeepgramClient`, blocking: the native API, and every name of deepgram-sdk v4 beside it."""

from __future__ import annotations

import importlib
import threading
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..client import DeepgramClient as AsyncDeepgramClient
from ..config import ClientConfig
from ..errors import ConfigError, LocalProtocolError
from ..transport.credentials import TokenSource
from .loop import event_loop_thread
from .v4.client_options import DeepgramClientOptions
from .v4.context import native_config, use_backend
from .v4.errors import DeepgramModuleError
from .v4.routers import (
    AgentRouter,
    AuthRouter,
    ListenRouter,
    ManageRouter,
    ReadRouter,
    SelfHostedRouter,
    SpeakRouter,
    Version,
    warn_deprecated,
)

if TYPE_CHECKING:
    from typing_extensions import Self

    from .v4.auth import AsyncAuthRESTClient
    from .v4.manage import AsyncManageClient
    from .v4.rest_speak import AsyncSpeakRESTClient
    from .v4.selfhosted import AsyncSelfHostedClient

__all__ = ["Deepgram", "DeepgramClient"]


class Deepgram:
    """The client of deepgram-sdk v2, which v4 kept only to say that it is gone; so do we."""

    def __init__(self, *anything: Any) -> None:
        raise DeepgramModuleError("Deepgram was the client of version 2: use DeepgramClient")


def __getattr__(name: str) -> Any:
    # v4's ``deepgram.client`` had all public names.
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(__package__ or ""), name)


class DeepgramClient:
    """Deepgram's API, blocking, for scripts and threads.

    ```python
    with DeepgramClient() as dg:
        print(dg.listen.v1.transcribe_file("speech.wav").transcript)
    ```

    It works without ``with``, too, as v4's did; then every REST call has a connection of its own. All clients of a
    process share one event loop in one daemon thread. A client may be used by many threads at once. Beside the native
    services stand those of deepgram-sdk v4: ``dg.listen.rest.v("1")``, ``dg.listen.websocket.v("1")`` and so on.
    """

    def __init__(
        self,
        api_key: str | None = "",
        config: DeepgramClientOptions | ClientConfig | None = None,
        access_token: TokenSource | None = "",
        *,
        base_url: str | None = None,
        agent_url: str | None = None,
        region: str | None = None,
    ) -> None:
        """
        Args:
            api_key: Deepgram API key. Credentials, first that is set: argument, `config`, ``DEEPGRAM_ACCESS_TOKEN``,
                ``DEEPGRAM_API_KEY``.
            config: settings, v4's or the native ones.
            access_token: short-lived token, or a function that gives one; asked for every connection.
            base_url: API host, with an optional path prefix; else ``DEEPGRAM_HOST``, else the region's.
            agent_url: host of the voice agent, when it differs.
            region: ``global``, ``eu``, ``au`` or ``in``.

        Raises:
            ConfigError: credentials are missing, or would go out in plain text; an unknown region; not a URL.
        """
        if isinstance(config, DeepgramClientOptions):
            native = native_config(config)
        else:
            native = config if config is not None else ClientConfig()
        self._open(
            AsyncDeepgramClient(
                api_key or None,
                access_token=access_token or None,
                base_url=base_url,
                agent_url=agent_url,
                region=region,
                config=native,
            ),
            config if isinstance(config, DeepgramClientOptions) else None,
        )
        self._use()

    @classmethod
    def local(cls, *, config: ClientConfig | None = None, **server_options: Any) -> Self:
        """Make a client with a server of its own, which runs while the ``with`` block does. Needs the extra ``local``.

        Args:
            config: timeouts and limits of the client; its hosts and credentials are replaced.
            **server_options: as for `deepgram_anyio.local.serve`.

        Returns:
            the client; its services are there when its block is entered.
        """
        self = cls.__new__(cls)
        self._open(AsyncDeepgramClient.local(config=config, **server_options), None)
        return self

    def _open(self, native: AsyncDeepgramClient, options: DeepgramClientOptions | None) -> None:
        self._async = native
        self._options = options if options is not None else DeepgramClientOptions()
        self._entered: AbstractContextManager[AsyncDeepgramClient] | None = None
        self._lock = threading.Lock()

    def _use(self) -> None:
        use_backend(self._options, self._async._backend)

    @property
    def base_url(self) -> str:
        """The API host in use."""
        return self._async.base_url

    @property
    def listen(self) -> ListenRouter:
        """Speech to text."""
        return ListenRouter(self._ready())

    @property
    def speak(self) -> SpeakRouter:
        """Text to speech."""
        return SpeakRouter(self._ready())

    @property
    def read(self) -> ReadRouter:
        """Text intelligence."""
        return ReadRouter(self._ready())

    @property
    def agent(self) -> AgentRouter:
        """Voice agents."""
        return AgentRouter(self._ready())

    @property
    def manage(self) -> ManageRouter:
        """Projects, keys, members, invitations, requests, usage, billing, models."""
        return ManageRouter(self._ready())

    @property
    def auth(self) -> AuthRouter:
        """Short-lived tokens."""
        return AuthRouter(self._ready())

    @property
    def selfhosted(self) -> SelfHostedRouter:
        """Credentials of the self-hosted distribution."""
        return SelfHostedRouter(self._ready())

    @property
    def asyncmanage(self) -> Version[AsyncManageClient]:
        """v4's async management."""
        return self.manage.asyncrest

    @property
    def asyncauth(self) -> Version[AsyncAuthRESTClient]:
        """v4's async tokens."""
        return self.auth.asyncrest

    @property
    def asyncselfhosted(self) -> Version[AsyncSelfHostedClient]:
        """v4's async credentials of the self-hosted distribution."""
        return self.selfhosted.asyncrest

    @property
    def asyncspeak(self) -> Version[AsyncSpeakRESTClient]:
        """Deprecated spelling of ``speak.asyncrest``."""
        warn_deprecated("asyncspeak", "speak.asyncrest")
        return self.speak.asyncrest

    @property
    def onprem(self) -> SelfHostedRouter:
        """Deprecated spelling of `selfhosted`."""
        warn_deprecated("onprem", "selfhosted")
        return self.selfhosted

    @property
    def asynconprem(self) -> Version[AsyncSelfHostedClient]:
        """Deprecated spelling of `asyncselfhosted`."""
        warn_deprecated("asynconprem", "asyncselfhosted")
        return self.asyncselfhosted

    def _ready(self) -> DeepgramClientOptions:
        if "_backend" not in vars(self._async):
            raise ConfigError("DeepgramClient.local() starts its server in 'with DeepgramClient.local() as dg'")
        return self._options

    def __enter__(self) -> Self:
        with self._lock:
            if self._entered is not None:
                raise ConfigError("this client is already open")
            entered = event_loop_thread().enter(self._async)
            entered.__enter__()
            self._entered = entered
        self._use()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the pooled connections, and of a local server; harmless when repeated."""
        with self._lock:
            entered, self._entered = self._entered, None
        if entered is not None:
            try:
                entered.__exit__(None, None, None)
            except LocalProtocolError:
                # The loop has ended, as at the end of the program, and all connections with it.
                return

    def __repr__(self) -> str:
        return f"<blocking {self._async!r}>"
