"""What a voice agent is told to be, and the messages that a client sends to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from .base import BaseOptions, BaseResponse
from .decoding import EXTRA
from .errors import DeepgramTypeError

__all__ = [
    "Agent",
    "AgentKeepAlive",
    "Audio",
    "Endpoint",
    "Function",
    "FunctionCallResponse",
    "Header",
    "InjectAgentMessageOptions",
    "InjectUserMessageOptions",
    "Input",
    "Item",
    "Listen",
    "Output",
    "Parameters",
    "Properties",
    "Provider",
    "SettingsOptions",
    "Speak",
    "Think",
    "UpdatePromptOptions",
    "UpdateSpeakOptions",
]


class Provider(dict[str, Any]):
    """A provider's settings, as items and as attributes. Each vendor has its own, so any may be set."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(name) from None


class _Unsaid(str):
    """A default that v4 shows, and that is sent only where the server knows the field."""


@dataclass(eq=False, repr=False)
class Input(BaseResponse):
    """The audio that the client sends; sample rate in Hz."""

    encoding: str | None = "linear16"
    sample_rate: int = 16000


@dataclass(eq=False, repr=False)
class Output(BaseResponse):
    """The audio that the agent answers with; sample rate in Hz, bit rate in bits per second."""

    encoding: str | None = "linear16"
    sample_rate: int | None = 16000
    bitrate: int | None = None
    container: str | None = "none"


@dataclass(eq=False, repr=False)
class Audio(BaseResponse):
    """Both directions of the audio."""

    input: Input | None = field(default_factory=Input)
    output: Output | None = field(default_factory=Output)


@dataclass(eq=False, repr=False)
class Endpoint(BaseResponse):
    """A service of your own, with the headers that it wants.

    Attributes:
        method: how a function is called. Endpoints of models and voices have none: there it is sent only when it was
            given.
        url: where it is.
        headers: sent with every call.
    """

    method: str | None = _Unsaid("POST")
    url: str = ""
    headers: dict[str, str] | None = None


def _model_endpoint(endpoint: Endpoint | None) -> dict[str, Any] | None:
    """Return the wire form of an endpoint that is no function's."""
    if not isinstance(endpoint, Endpoint):
        return endpoint
    result = endpoint.to_dict()
    if isinstance(endpoint.method, _Unsaid):
        del result["method"]
    return result


@dataclass(eq=False, repr=False)
class Item(BaseResponse):
    """A parameter of a function."""

    type: str
    description: str


@dataclass(eq=False, repr=False)
class Properties(BaseResponse):
    """The parameters of a function by name. ``item`` is one that v4 named; set others as attributes or items."""

    item: Item


@dataclass(eq=False, repr=False)
class Parameters(BaseResponse):
    """A JSON schema of a function's parameters, an object."""

    type: str
    properties: Properties
    required: list[str]


@dataclass(eq=False, repr=False)
class Header(BaseResponse):
    """A header."""

    key: str
    value: str


@dataclass(eq=False, repr=False)
class Function(BaseResponse):
    """A function that the agent may call.

    Attributes:
        name: its name.
        description: when and why to call it, for the language model.
        url: where the server calls it; empty leaves the call to the client. Today's servers want it inside of
            `endpoint`, so that is where it goes, together with `method` and `headers`, unless `endpoint` is given.
        method: how it is called.
        headers: sent with every call.
        parameters: a JSON schema of its parameters.
        endpoint: where and how the server calls it.
    """

    name: str
    description: str
    url: str
    method: str
    headers: dict[str, str] | None = None
    parameters: Parameters | None = None
    endpoint: Endpoint | None = None

    def to_dict(self) -> dict[str, Any]:
        result = super().to_dict()
        given = {name: result.pop(name) for name in ("url", "method", "headers") if name in result}
        endpoint = result.get("endpoint", {})
        if isinstance(endpoint, dict) and (endpoint or given.get("url")):
            result["endpoint"] = {name: value for name, value in given.items() if value} | endpoint
        return result


@dataclass(eq=False, repr=False)
class Listen(BaseResponse):
    """How the agent hears."""

    _unsent: ClassVar[Mapping[str, Any]] = {"provider": {}}

    provider: Provider = field(default_factory=Provider)


@dataclass(eq=False, repr=False)
class Think(BaseResponse):
    """What the agent answers with: a language model.

    Attributes:
        provider: the model, such as ``type="open_ai", model="gpt-4o-mini"``.
        functions: what the agent may call.
        endpoint: a model service of your own.
        prompt: its instructions.
        context_length: characters of the conversation that the model is shown, or ``max``.
    """

    _unsent: ClassVar[Mapping[str, Any]] = {"provider": {}}

    provider: Provider = field(default_factory=Provider)
    functions: list[Function] | None = None
    endpoint: Endpoint | None = None
    prompt: str | None = None
    context_length: int | Literal["max"] | None = None

    def to_dict(self) -> dict[str, Any]:
        result = super().to_dict()
        if "endpoint" in result:
            result["endpoint"] = _model_endpoint(self.endpoint)
        return result


@dataclass(eq=False, repr=False)
class Speak(BaseResponse):
    """How the agent speaks.

    Attributes:
        provider: the voice, such as ``type="deepgram", model="aura-2-thalia-en"``.
        endpoint: the service of another vendor.
    """

    _unsent: ClassVar[Mapping[str, Any]] = {"provider": {}}

    provider: Provider = field(default_factory=Provider)
    endpoint: Endpoint | None = None

    def to_dict(self) -> dict[str, Any]:
        result = super().to_dict()
        if "endpoint" in result:
            result["endpoint"] = _model_endpoint(self.endpoint)
        return result


@dataclass(eq=False, repr=False)
class Agent(BaseResponse):
    """The agent. `think` and `speak` may be lists, which are tried in order."""

    language: str = "en"
    listen: Listen = field(default_factory=Listen)
    think: Think = field(default_factory=Think)
    speak: Speak | list[Speak] = field(default_factory=Speak)
    greeting: str | None = None

    def to_dict(self) -> dict[str, Any]:
        result = super().to_dict()
        for part in ("listen", "think", "speak"):
            if result.get(part) == {}:
                del result[part]
        return result


@dataclass(eq=False, repr=False)
class SettingsOptions(BaseOptions):
    """What the agent shall be: the first message of a client.

    ``options.language`` and ``options.greeting`` are the agent's. Every other attribute that is no field, such as
    ``options.flags = {"history": False}``, is sent at the top level.

    Attributes:
        experimental: experimental features.
        type: of the message.
        tags: labels for usage reports.
        audio: formats of the audio, both ways.
        agent: the agent; the UUID of a stored configuration does as well.
        mip_opt_out: keep the conversation out of the vendor's model improvement programme.
    """

    experimental: bool | None = False
    type: str = "Settings"
    tags: list[str] | None = None
    audio: Audio = field(default_factory=Audio)
    agent: Agent = field(default_factory=Agent)
    mip_opt_out: bool | None = False

    @property
    def language(self) -> str | None:
        """The agent's language, such as ``en``."""
        return getattr(self.agent, "language", None)

    @language.setter
    def language(self, value: str) -> None:
        self._own_agent().language = value

    @property
    def greeting(self) -> str | None:
        """What the agent says first."""
        return getattr(self.agent, "greeting", None)

    @greeting.setter
    def greeting(self, value: str | None) -> None:
        self._own_agent().greeting = value

    def _own_agent(self) -> Agent:
        if not isinstance(self.agent, Agent):
            raise DeepgramTypeError("language and greeting belong to the agent, and this one is no Agent object")
        return self.agent

    def _decoded(self) -> None:
        extra = self.__dict__.get(EXTRA, {})
        if isinstance(self.agent, Agent):
            for name in {"language", "greeting"} & extra.keys():
                setattr(self.agent, name, extra.pop(name))
            if not extra:
                self.__dict__.pop(EXTRA, None)


@dataclass(eq=False, repr=False)
class UpdatePromptOptions(BaseResponse):
    """New instructions."""

    type: str = "UpdatePrompt"
    prompt: str = ""


@dataclass(eq=False, repr=False)
class UpdateSpeakOptions(BaseResponse):
    """Another voice."""

    type: str = "UpdateSpeak"
    speak: Speak | list[Speak] = field(default_factory=Speak)


@dataclass(eq=False, repr=False)
class InjectAgentMessageOptions(BaseResponse):
    """Words for the agent to say."""

    type: str = "InjectAgentMessage"
    message: str = ""


@dataclass(eq=False, repr=False)
class InjectUserMessageOptions(BaseResponse):
    """Words of the user that were not spoken."""

    type: str = "InjectUserMessage"
    content: str = ""


@dataclass(eq=False, repr=False)
class FunctionCallResponse(BaseResponse):
    """The result of a function: the answer to a `FunctionCallRequest`, or a report of a call by the server."""

    type: str = "FunctionCallResponse"
    id: str = ""
    name: str = ""
    content: str = ""


@dataclass(eq=False, repr=False)
class AgentKeepAlive(BaseResponse):
    """Keeps a conversation open."""

    type: str = "KeepAlive"
