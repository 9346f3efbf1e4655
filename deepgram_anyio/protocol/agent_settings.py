"""What a voice agent is told to be: the ``Settings`` message and its parts.

Every part may be given as its struct or as a plain mapping, which then goes out exactly as it is. A struct leaves out
what is None. Providers are always mappings: each vendor has fields of its own, and they change often.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar

from .messages import Data, Message

__all__ = [
    "Agent",
    "AudioSettings",
    "CalledFunction",
    "Context",
    "Endpoint",
    "Flags",
    "Function",
    "FunctionEndpoint",
    "Given",
    "History",
    "InputAudio",
    "Listen",
    "OutputAudio",
    "Provider",
    "Settings",
    "Speak",
    "Think",
    "ThinkLive",
]

T = TypeVar("T")

Provider: TypeAlias = dict[str, Any]
"""Settings of a provider, as its own documentation has them."""

if TYPE_CHECKING:
    # An own part is written as either form; one that was received is always the struct.
    Given: TypeAlias = T | Mapping[str, Any]
    """A part of the settings: its struct, or the same as a mapping."""
else:
    Given = Annotated[T, "or a mapping"]


class _Part(Data, forbid_unknown_fields=True):
    """A part of the settings. Reading one from the wire refuses fields that are not documented, as the API does."""


class InputAudio(_Part):
    """The audio that the client sends.

    Attributes:
        encoding: ``linear16``, ``linear32``, ``mulaw``, ``alaw``, ``flac``, ``amr-nb``, ``amr-wb``, ``opus``,
            ``ogg-opus``, ``speex`` or ``g729``.
        sample_rate: in Hz.
    """

    encoding: str
    sample_rate: int


class OutputAudio(_Part):
    """The audio that the agent answers with.

    Attributes:
        encoding: ``linear16``, ``mulaw``, ``alaw``, ``mp3``, ``opus``, ``flac`` or ``aac``; ``linear16``.
        sample_rate: in Hz.
        bitrate: in bits per second, for compressed audio.
        container: ``none``, ``wav`` or ``ogg``; ``none``.
    """

    encoding: str | None = None
    sample_rate: int | None = None
    bitrate: int | None = None
    container: str | None = None


class AudioSettings(_Part):
    """Both directions of the audio.

    Attributes:
        input: ``linear16`` at 24000 Hz when left out.
        output: ``linear16`` when left out.
    """

    input: Given[InputAudio] | None = None
    output: Given[OutputAudio] | None = None


class Flags(_Part):
    """Switches.

    Attributes:
        history: send `History` messages; true.
    """

    history: bool | None = None


class CalledFunction(Data):
    """A function call and its result, as history has it.

    Attributes:
        id: the call's identifier.
        name: the function's name.
        client_side: whether the client ran it.
        arguments: its arguments, as JSON.
        response: what it returned.
        thought_signature: an identifier that some models want back.
    """

    id: str
    name: str
    client_side: bool
    arguments: str
    response: str
    thought_signature: str | None = None


class History(Message):
    """A piece of the conversation: either words, with `role` and `content`, or `function_calls`.

    A server sends these with ``flags.history``; a client puts them into `Context` to go on with a conversation.

    Attributes:
        role: ``user`` or ``assistant``.
        content: what was said.
        function_calls: functions that were called, and their results.
    """

    role: str | None = None
    content: str | None = None
    function_calls: list[CalledFunction] | None = None


class Context(_Part):
    """The conversation so far.

    Attributes:
        messages: what was said and called, in order.
    """

    messages: list[Given[History]] | None = None


class Listen(_Part):
    """How the agent hears.

    Attributes:
        provider: ``{"type": "deepgram", "model": "nova-3", ...}``; with ``"version": "v2"`` a Flux model.
    """

    provider: Provider | None = None


class Endpoint(_Part):
    """A service of your own, with the headers that it wants.

    Attributes:
        url: its address.
        headers: sent along.
    """

    url: str | None = None
    headers: dict[str, str] | None = None


class FunctionEndpoint(Endpoint):
    """Where the server calls a function, and how.

    Attributes:
        method: the HTTP method.
    """

    method: str | None = None


class Function(_Part):
    """A function that the agent may call.

    Attributes:
        name: its name.
        description: when and why to call it, for the language model.
        parameters: a JSON schema of its arguments, an object.
        endpoint: where the server calls it; None leaves the call to the client.
        defer_until_eot: wait with the call until the user's turn is confirmed; false.
        initial_agent_filler: say something short while the function runs; needs ``think_live``.
        agent_filler_max_count: how many more such lines; needs ``think_live``.
        agent_filler_interval_ms: silence before each of them, 1000 to 60000.
    """

    name: str | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None
    endpoint: Given[FunctionEndpoint] | None = None
    defer_until_eot: bool | None = None
    initial_agent_filler: bool | None = None
    agent_filler_max_count: int | None = None
    agent_filler_interval_ms: int | None = None


class Think(_Part):
    """What the agent answers with: a language model.

    Attributes:
        provider: ``{"type": "open_ai", "model": "gpt-4o-mini", ...}``.
        endpoint: a model service of your own.
        functions: what the agent may call.
        prompt: its instructions, at most 25,000 characters for models that Deepgram runs.
        context_length: characters of the conversation that the model is shown, or ``max``; own endpoints only.
    """

    provider: Provider
    endpoint: Given[Endpoint] | None = None
    functions: list[Given[Function]] | None = None
    prompt: str | None = None
    context_length: int | float | str | None = None


class ThinkLive(_Part):
    """The model that runs beside the language model: backchannels, presence checks, frustration.

    Attributes:
        provider: ``{"type": "deepgram", "version": "v1", ...}``.
    """

    provider: Provider


class Speak(_Part):
    """How the agent speaks.

    Attributes:
        provider: ``{"type": "deepgram", "model": "aura-2-thalia-en", ...}``.
        endpoint: the service of another vendor.
    """

    provider: Provider
    endpoint: Given[Endpoint] | None = None


class Agent(_Part):
    """The agent.

    Attributes:
        language: deprecated by the vendor in favour of the providers' own.
        context: the conversation so far.
        listen: how it hears.
        think: what it answers with; a list is tried in order.
        think_live: what runs beside that.
        speak: how it speaks; a list is tried in order.
        greeting: what it says first.
    """

    language: str | None = None
    context: Given[Context] | None = None
    listen: Given[Listen] | None = None
    think: Given[Think] | list[Given[Think]] | None = None
    think_live: Given[ThinkLive] | None = None
    speak: Given[Speak] | list[Given[Speak]] | None = None
    greeting: str | None = None


class Settings(Message, forbid_unknown_fields=True):
    """The first message of a client: what the agent shall be.

    Attributes:
        audio: formats of the audio, both ways.
        agent: the agent, or the UUID of a stored configuration.
        tags: labels for usage reports.
        experimental: experimental features; false.
        flags: switches.
        mip_opt_out: keep the conversation out of the vendor's model improvement programme; false.
    """

    audio: Given[AudioSettings]
    agent: Given[Agent] | str
    tags: list[str] | None = None
    experimental: bool | None = None
    flags: Given[Flags] | None = None
    mip_opt_out: bool | None = None
