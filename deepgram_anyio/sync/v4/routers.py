"""From a client to v4's versioned clients, ``deepgram.listen.rest.v("1")``, and beside them the native ``.v1``."""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ...errors import ConfigError
from ...services.agent import Agent
from ...services.auth import Auth
from ...services.listen import Listen
from ...services.manage import Manage
from ...services.read import Read
from ...services.selfhosted import SelfHosted
from ...services.speak import Speak
from ..services import AgentV1, AuthV1, ListenV1, ListenV2, ManageV1, ReadV1, SelfHostedV1, SpeakV1, SpeakV2
from .context import context_of

if TYPE_CHECKING:
    from .auth import AsyncAuthRESTClient, AuthRESTClient
    from .client_options import DeepgramClientOptions
    from .manage import AsyncManageClient, ManageClient
    from .rest_analyze import AnalyzeClient, AsyncAnalyzeClient
    from .rest_listen import AsyncListenRESTClient, ListenRESTClient
    from .rest_speak import AsyncSpeakRESTClient, SpeakRESTClient
    from .selfhosted import AsyncSelfHostedClient, SelfHostedClient
    from .socket_agent import AgentWebSocketClient, AsyncAgentWebSocketClient
    from .socket_listen import AsyncListenWebSocketClient, ListenWebSocketClient
    from .socket_speak import AsyncSpeakWebSocketClient, SpeakWebSocketClient

__all__ = [
    "AgentRouter",
    "AuthRouter",
    "ListenRouter",
    "ManageRouter",
    "ReadRouter",
    "SelfHostedRouter",
    "SpeakRouter",
    "Version",
    "warn_deprecated",
]

C = TypeVar("C")


class Version(Generic[C]):
    """A client that comes in versions, of which there is one: ``v("1")``."""

    def __init__(self, config: DeepgramClientOptions, module: str, name: str) -> None:
        """
        Args:
            config: for the client.
            module: where its class is, below this package.
            name: of the class.
        """
        self._config = config
        self._module = module
        self._name = name

    def v(self, version: str = "") -> C:
        """Return a new client.

        Args:
            version: ``"1"``.

        Raises:
            DeepgramModuleError: there is no such version.
        """
        if str(version) != "1":
            from .errors import DeepgramModuleError

            raise DeepgramModuleError(f"there is no version {version!r} of this client, only '1'")
        client: C = getattr(importlib.import_module(self._module, __package__), self._name)(self._config)
        return client


def warn_deprecated(old: str, new: str) -> None:
    """Say that a spelling is old; for a property or method that its user's code calls directly."""
    warnings.warn(f"deepgram.{old} is deprecated; use deepgram.{new}", DeprecationWarning, stacklevel=3)


class _Router:
    def __init__(self, config: DeepgramClientOptions) -> None:
        """
        Args:
            config: for all clients that are reached from here.
        """
        if isinstance(config, (str, bytes)):
            raise ConfigError("a router takes a DeepgramClientOptions")
        self._config = config

    def _version(self, module: str, name: str) -> Any:
        return Version(self._config, module, name)


if TYPE_CHECKING:
    _ManageVersion = Version[ManageClient]
    _SelfHostedVersion = Version[SelfHostedClient]
    _AuthVersion = Version[AuthRESTClient]
else:
    _ManageVersion = _SelfHostedVersion = _AuthVersion = Version


class ListenRouter(_Router):
    """Speech to text: v4's clients, and the native ``v1`` and ``v2``."""

    @property
    def v1(self) -> ListenV1:
        """The native API: live transcription and recordings."""
        context = context_of(self._config)
        return ListenV1(context.loop, Listen(context.backend).v1)

    @property
    def v2(self) -> ListenV2:
        """The native API: transcription turn by turn."""
        context = context_of(self._config)
        return ListenV2(context.loop, Listen(context.backend).v2)

    @property
    def rest(self) -> Version[ListenRESTClient]:
        """Recordings."""
        found: Version[ListenRESTClient] = self._version(".rest_listen", "ListenRESTClient")
        return found

    @property
    def asyncrest(self) -> Version[AsyncListenRESTClient]:
        """Recordings, async."""
        found: Version[AsyncListenRESTClient] = self._version(".rest_listen", "AsyncListenRESTClient")
        return found

    @property
    def websocket(self) -> Version[ListenWebSocketClient]:
        """Live transcription."""
        found: Version[ListenWebSocketClient] = self._version(".socket_listen", "ListenWebSocketClient")
        return found

    @property
    def asyncwebsocket(self) -> Version[AsyncListenWebSocketClient]:
        """Live transcription, async."""
        found: Version[AsyncListenWebSocketClient] = self._version(".socket_listen", "AsyncListenWebSocketClient")
        return found

    @property
    def prerecorded(self) -> Version[ListenRESTClient]:
        """Deprecated spelling of `rest`."""
        warn_deprecated("listen.prerecorded", "listen.rest")
        return self.rest

    @property
    def asyncprerecorded(self) -> Version[AsyncListenRESTClient]:
        """Deprecated spelling of `asyncrest`."""
        warn_deprecated("listen.asyncprerecorded", "listen.asyncrest")
        return self.asyncrest

    @property
    def live(self) -> Version[ListenWebSocketClient]:
        """Deprecated spelling of `websocket`."""
        warn_deprecated("listen.live", "listen.websocket")
        return self.websocket

    @property
    def asynclive(self) -> Version[AsyncListenWebSocketClient]:
        """Deprecated spelling of `asyncwebsocket`."""
        warn_deprecated("listen.asynclive", "listen.asyncwebsocket")
        return self.asyncwebsocket


class SpeakRouter(_Router):
    """Text to speech: v4's clients, and the native ``v1`` and ``v2``."""

    @property
    def v1(self) -> SpeakV1:
        """The native API: the Aura voices."""
        context = context_of(self._config)
        return SpeakV1(context.loop, Speak(context.backend).v1)

    @property
    def v2(self) -> SpeakV2:
        """The native API: the Flux voices."""
        context = context_of(self._config)
        return SpeakV2(context.loop, Speak(context.backend).v2)

    @property
    def rest(self) -> Version[SpeakRESTClient]:
        """Speech in one answer."""
        found: Version[SpeakRESTClient] = self._version(".rest_speak", "SpeakRESTClient")
        return found

    @property
    def asyncrest(self) -> Version[AsyncSpeakRESTClient]:
        """Speech in one answer, async."""
        found: Version[AsyncSpeakRESTClient] = self._version(".rest_speak", "AsyncSpeakRESTClient")
        return found

    @property
    def websocket(self) -> Version[SpeakWebSocketClient]:
        """Speech over a socket."""
        found: Version[SpeakWebSocketClient] = self._version(".socket_speak", "SpeakWebSocketClient")
        return found

    @property
    def asyncwebsocket(self) -> Version[AsyncSpeakWebSocketClient]:
        """Speech over a socket, async."""
        found: Version[AsyncSpeakWebSocketClient] = self._version(".socket_speak", "AsyncSpeakWebSocketClient")
        return found

    def v(self, version: str = "") -> SpeakRESTClient:
        """Deprecated spelling of ``rest.v``."""
        warn_deprecated("speak.v", "speak.rest.v")
        return self.rest.v(version)


class ReadRouter(_Router):
    """Text intelligence: v4's clients, and the native ``v1``."""

    @property
    def v1(self) -> ReadV1:
        """The native API."""
        context = context_of(self._config)
        return ReadV1(context.loop, Read(context.backend).v1)

    @property
    def analyze(self) -> Version[AnalyzeClient]:
        """Analyses."""
        found: Version[AnalyzeClient] = self._version(".rest_analyze", "AnalyzeClient")
        return found

    @property
    def asyncanalyze(self) -> Version[AsyncAnalyzeClient]:
        """Analyses, async."""
        found: Version[AsyncAnalyzeClient] = self._version(".rest_analyze", "AsyncAnalyzeClient")
        return found

    @property
    def rest(self) -> Version[AnalyzeClient]:
        """The README's spelling of `analyze`."""
        return self.analyze


class AgentRouter(_Router):
    """Voice agents: v4's clients, and the native ``v1``."""

    @property
    def v1(self) -> AgentV1:
        """The native API."""
        context = context_of(self._config)
        return AgentV1(context.loop, Agent(context.backend).v1)

    @property
    def websocket(self) -> Version[AgentWebSocketClient]:
        """Conversations."""
        found: Version[AgentWebSocketClient] = self._version(".socket_agent", "AgentWebSocketClient")
        return found

    @property
    def asyncwebsocket(self) -> Version[AsyncAgentWebSocketClient]:
        """Conversations, async."""
        found: Version[AsyncAgentWebSocketClient] = self._version(".socket_agent", "AsyncAgentWebSocketClient")
        return found


class ManageRouter(_ManageVersion):
    """Management: ``v("1")`` for v4's client, and the native ``v1``."""

    def __init__(self, config: DeepgramClientOptions) -> None:
        super().__init__(config, ".manage", "ManageClient")

    @property
    def v1(self) -> ManageV1:
        """The native API."""
        context = context_of(self._config)
        return ManageV1(context.loop, Manage(context.backend).v1)

    @property
    def rest(self) -> Version[ManageClient]:
        """The README's spelling of this object itself."""
        return self

    @property
    def asyncrest(self) -> Version[AsyncManageClient]:
        """Management, async."""
        return Version(self._config, ".manage", "AsyncManageClient")


class SelfHostedRouter(_SelfHostedVersion):
    """The self-hosted distribution: ``v("1")`` for v4's client, and the native ``v1``."""

    def __init__(self, config: DeepgramClientOptions) -> None:
        super().__init__(config, ".selfhosted", "SelfHostedClient")

    @property
    def v1(self) -> SelfHostedV1:
        """The native API."""
        context = context_of(self._config)
        return SelfHostedV1(context.loop, SelfHosted(context.backend).v1)

    @property
    def asyncrest(self) -> Version[AsyncSelfHostedClient]:
        """The self-hosted distribution, async."""
        return Version(self._config, ".selfhosted", "AsyncSelfHostedClient")


class AuthRouter(_AuthVersion):
    """Tokens: ``v("1")`` for v4's client, and the native ``v1``."""

    def __init__(self, config: DeepgramClientOptions) -> None:
        super().__init__(config, ".auth", "AuthRESTClient")

    @property
    def v1(self) -> AuthV1:
        """The native API."""
        context = context_of(self._config)
        return AuthV1(context.loop, Auth(context.backend).v1)

    @property
    def asyncrest(self) -> Version[AsyncAuthRESTClient]:
        """Tokens, async."""
        return Version(self._config, ".auth", "AsyncAuthRESTClient")
