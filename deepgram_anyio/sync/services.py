"""The services of the blocking client: the async ones', method by method."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, overload

from ..protocol.rest.analysis import Analysis, AnalysisAccepted, ReadOptions
from ..protocol.rest.prerecorded_options import PrerecordedOptions
from ..protocol.rest.speech import FluxSpeechOptions, Speech, SpeechAccepted, SpeechInfo, SpeechOptions
from ..protocol.rest.transcription import Transcription, TranscriptionAccepted
from ..services import agent as aio_agent
from ..services import agent_store as aio_store
from ..services import auth as aio_auth
from ..services import flux as aio_flux
from ..services import listen as aio_listen
from ..services import manage as aio_manage
from ..services import read as aio_read
from ..services import selfhosted as aio_selfhosted
from ..services import speak as aio_speak
from ..services import synthesize as aio_synthesize
from ..services.manage import billing, models, people, projects, usage
from ..services.read import AnalyzeParams
from ..services.synthesize import FluxSynthesisParams, SynthesisParams
from ..services.transcribe import TranscribeParams
from ..transport.bodies import Progress
from ..transport.sources import AudioInput
from .blocking import Blocking, blocking, blocking_context, blocking_iteration, iterate, mirrors
from .connections import AgentConnection, FluxConnection, FluxSpeakConnection, LiveConnection, SpeakConnection
from .loop import EventLoopThread

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "AgentV1",
    "AuthV1",
    "ListenV1",
    "ListenV2",
    "ManageV1",
    "ReadV1",
    "SelfHostedV1",
    "SpeakV1",
    "SpeakV2",
    "SpeechStream",
]


class ListenV1(Blocking):
    """``/v1/listen``, blocking: live transcription, and that of recordings."""

    @blocking_context(aio_listen.ListenV1.connect, LiveConnection)
    def connect(self) -> None: ...
    @blocking_context(aio_listen.ListenV1.stream, LiveConnection)
    def stream(self) -> None: ...

    @overload
    def transcribe_url(
        self,
        url: str,
        options: PrerecordedOptions | None = None,
        *,
        callback: None = None,
        **params: Unpack[TranscribeParams],
    ) -> Transcription: ...

    @overload
    def transcribe_url(
        self,
        url: str,
        options: PrerecordedOptions | None = None,
        *,
        callback: str,
        **params: Unpack[TranscribeParams],
    ) -> TranscriptionAccepted: ...

    @mirrors(aio_listen.ListenV1.transcribe_url)
    def transcribe_url(self, *args: Any, **kwargs: Any) -> Any:
        return self._run(aio_listen.ListenV1.transcribe_url, *args, **kwargs)

    @overload
    def transcribe_file(
        self,
        source: AudioInput,
        options: PrerecordedOptions | None = None,
        *,
        callback: None = None,
        on_progress: Progress | None = None,
        **params: Unpack[TranscribeParams],
    ) -> Transcription: ...

    @overload
    def transcribe_file(
        self,
        source: AudioInput,
        options: PrerecordedOptions | None = None,
        *,
        callback: str,
        on_progress: Progress | None = None,
        **params: Unpack[TranscribeParams],
    ) -> TranscriptionAccepted: ...

    @mirrors(aio_listen.ListenV1.transcribe_file)
    def transcribe_file(self, *args: Any, **kwargs: Any) -> Any:
        return self._run(aio_listen.ListenV1.transcribe_file, *args, **kwargs)


class ListenV2(Blocking):
    """``/v2/listen``, blocking: transcription turn by turn."""

    @blocking_context(aio_flux.ListenV2.connect, FluxConnection)
    def connect(self) -> None: ...
    @blocking_context(aio_flux.ListenV2.stream, FluxConnection)
    def stream(self) -> None: ...


class SpeechStream(Blocking):
    """Speech as it is made, blocking: iterate over its chunks.

    Attributes:
        info: what the server says of it.
    """

    def __init__(self, loop: EventLoopThread, target: aio_synthesize.SpeechStream) -> None:
        super().__init__(loop, target)
        self.info: SpeechInfo = target.info

    def __iter__(self) -> Iterator[bytes]:
        return iterate(self._loop, self._target)


class SpeakV1(Blocking):
    """``/v1/speak``, blocking: text to speech with the Aura voices."""

    @blocking_context(aio_speak.SpeakV1.connect, SpeakConnection)
    def connect(self) -> None: ...

    @overload
    def generate(
        self,
        text: str,
        options: SpeechOptions | None = None,
        *,
        callback: None = None,
        **params: Unpack[SynthesisParams],
    ) -> Speech: ...

    @overload
    def generate(
        self, text: str, options: SpeechOptions | None = None, *, callback: str, **params: Unpack[SynthesisParams]
    ) -> SpeechAccepted: ...

    @mirrors(aio_speak.SpeakV1.generate)
    def generate(self, *args: Any, **kwargs: Any) -> Any:
        return self._run(aio_speak.SpeakV1.generate, *args, **kwargs)

    @blocking_context(aio_speak.SpeakV1.stream, SpeechStream)
    def stream(self) -> None: ...
    @blocking(aio_speak.SpeakV1.save)
    def save(self) -> None: ...


class SpeakV2(Blocking):
    """``/v2/speak``, blocking: text to speech with the Flux voices."""

    @blocking_context(aio_speak.SpeakV2.connect, FluxSpeakConnection)
    def connect(self) -> None: ...

    @overload
    def generate(
        self,
        text: str,
        options: FluxSpeechOptions | None = None,
        *,
        callback: None = None,
        **params: Unpack[FluxSynthesisParams],
    ) -> Speech: ...

    @overload
    def generate(
        self,
        text: str,
        options: FluxSpeechOptions | None = None,
        *,
        callback: str,
        **params: Unpack[FluxSynthesisParams],
    ) -> SpeechAccepted: ...

    @mirrors(aio_speak.SpeakV2.generate)
    def generate(self, *args: Any, **kwargs: Any) -> Any:
        return self._run(aio_speak.SpeakV2.generate, *args, **kwargs)

    @blocking_context(aio_speak.SpeakV2.stream, SpeechStream)
    def stream(self) -> None: ...
    @blocking(aio_speak.SpeakV2.save)
    def save(self) -> None: ...


class ReadV1(Blocking):
    """``/v1/read``, blocking: text intelligence."""

    @overload
    def analyze(
        self,
        text: str | None = None,
        *,
        url: str | None = None,
        options: ReadOptions | None = None,
        callback: None = None,
        **params: Unpack[AnalyzeParams],
    ) -> Analysis: ...

    @overload
    def analyze(
        self,
        text: str | None = None,
        *,
        url: str | None = None,
        options: ReadOptions | None = None,
        callback: str,
        **params: Unpack[AnalyzeParams],
    ) -> AnalysisAccepted: ...

    @mirrors(aio_read.ReadV1.analyze)
    def analyze(self, *args: Any, **kwargs: Any) -> Any:
        return self._run(aio_read.ReadV1.analyze, *args, **kwargs)


class AuthV1(Blocking):
    """Short-lived tokens, blocking."""

    @blocking(aio_auth.AuthV1.grant_token)
    def grant_token(self) -> None: ...
    @blocking(aio_auth.AuthV1.token_details)
    def token_details(self) -> None: ...


class _Projects(Blocking):
    @blocking(projects.Projects.list)
    def list(self) -> None: ...
    @blocking(projects.Projects.get)
    def get(self) -> None: ...
    @blocking(projects.Projects.update)
    def update(self) -> None: ...
    @blocking(projects.Projects.delete)
    def delete(self) -> None: ...
    @blocking(projects.Projects.leave)
    def leave(self) -> None: ...


class _Keys(Blocking):
    @blocking(projects.Keys.list)
    def list(self) -> None: ...
    @blocking(projects.Keys.get)
    def get(self) -> None: ...
    @blocking(projects.Keys.create)
    def create(self) -> None: ...
    @blocking(projects.Keys.delete)
    def delete(self) -> None: ...


class _Members(Blocking):
    @blocking(people.Members.list)
    def list(self) -> None: ...
    @blocking(people.Members.remove)
    def remove(self) -> None: ...
    @blocking(people.Members.scopes)
    def scopes(self) -> None: ...
    @blocking(people.Members.update_scope)
    def update_scope(self) -> None: ...


class _Invites(Blocking):
    @blocking(people.Invites.list)
    def list(self) -> None: ...
    @blocking(people.Invites.send)
    def send(self) -> None: ...
    @blocking(people.Invites.delete)
    def delete(self) -> None: ...


class _Requests(Blocking):
    @blocking(usage.Requests.list)
    def list(self) -> None: ...
    @blocking(usage.Requests.get)
    def get(self) -> None: ...
    @blocking_iteration(usage.Requests.iterate)
    def iterate(self) -> None: ...


class _Usage(Blocking):
    @blocking(usage.ProjectUsage.summary)
    def summary(self) -> None: ...
    @blocking(usage.ProjectUsage.fields)
    def fields(self) -> None: ...
    @blocking(usage.ProjectUsage.breakdown)
    def breakdown(self) -> None: ...


class _Billing(Blocking):
    @blocking(billing.Billing.balances)
    def balances(self) -> None: ...
    @blocking(billing.Billing.balance)
    def balance(self) -> None: ...
    @blocking(billing.Billing.breakdown)
    def breakdown(self) -> None: ...
    @blocking(billing.Billing.fields)
    def fields(self) -> None: ...
    @blocking(billing.Billing.purchases)
    def purchases(self) -> None: ...


class _Models(Blocking):
    @blocking(models.Models.list)
    def list(self) -> None: ...
    @blocking(models.Models.get)
    def get(self) -> None: ...


class ManageV1(Blocking):
    """Management, blocking. See `deepgram_anyio.services.manage.ManageV1`."""

    def __init__(self, loop: EventLoopThread, target: aio_manage.ManageV1) -> None:
        super().__init__(loop, target)
        self.projects: _Projects = _Projects(loop, target.projects)
        self.keys: _Keys = _Keys(loop, target.keys)
        self.members: _Members = _Members(loop, target.members)
        self.invites: _Invites = _Invites(loop, target.invites)
        self.requests: _Requests = _Requests(loop, target.requests)
        self.usage: _Usage = _Usage(loop, target.usage)
        self.billing: _Billing = _Billing(loop, target.billing)
        self.models: _Models = _Models(loop, target.models)


class _Credentials(Blocking):
    @blocking(aio_selfhosted.DistributionCredentialsCalls.list)
    def list(self) -> None: ...
    @blocking(aio_selfhosted.DistributionCredentialsCalls.get)
    def get(self) -> None: ...
    @blocking(aio_selfhosted.DistributionCredentialsCalls.create)
    def create(self) -> None: ...
    @blocking(aio_selfhosted.DistributionCredentialsCalls.delete)
    def delete(self) -> None: ...


class SelfHostedV1(Blocking):
    """Credentials of the self-hosted distribution, blocking."""

    def __init__(self, loop: EventLoopThread, target: aio_selfhosted.SelfHostedV1) -> None:
        super().__init__(loop, target)
        self.credentials: _Credentials = _Credentials(loop, target.credentials)


class _Configurations(Blocking):
    @blocking(aio_store.Configurations.list)
    def list(self) -> None: ...
    @blocking(aio_store.Configurations.get)
    def get(self) -> None: ...
    @blocking(aio_store.Configurations.create)
    def create(self) -> None: ...
    @blocking(aio_store.Configurations.update)
    def update(self) -> None: ...
    @blocking(aio_store.Configurations.delete)
    def delete(self) -> None: ...


class _Variables(Blocking):
    @blocking(aio_store.Variables.list)
    def list(self) -> None: ...
    @blocking(aio_store.Variables.get)
    def get(self) -> None: ...
    @blocking(aio_store.Variables.create)
    def create(self) -> None: ...
    @blocking(aio_store.Variables.update)
    def update(self) -> None: ...
    @blocking(aio_store.Variables.delete)
    def delete(self) -> None: ...


class AgentV1(Blocking):
    """Voice agents, blocking."""

    @blocking_context(aio_agent.AgentV1.connect, AgentConnection)
    def connect(self) -> None: ...
    @blocking(aio_agent.AgentV1.think_models)
    def think_models(self) -> None: ...

    def __init__(self, loop: EventLoopThread, target: aio_agent.AgentV1) -> None:
        super().__init__(loop, target)
        self.configurations: _Configurations = _Configurations(loop, target.configurations)
        self.variables: _Variables = _Variables(loop, target.variables)
