"""What the embedded agent makes of a client's ``Settings``, and how it words what is wrong with a message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from ..protocol.agent import Error, Function, History, Settings, UnknownEvent, Warning  # noqa: A004 - on the wire
from ..protocol.ledger import AudioFormat

__all__ = ["MAX_PROMPT_CHARS", "AgentConfig", "InvalidSettingsError", "prompt_warning", "read_settings", "unparsable"]

MAX_PROMPT_CHARS = 25_000

_INPUT_ENCODINGS = ("linear16", "linear32", "mulaw", "alaw")
_OUTPUT_RATES = {"linear16": 24_000, "mulaw": 8_000, "alaw": 8_000}
_MIN_RATE_HZ = 1_000
_MAX_RATE_HZ = 384_000


class InvalidSettingsError(ValueError):
    """The settings ask for what the local server does not have."""


class AgentConfig(msgspec.Struct, kw_only=True):
    """An agent, as it was asked for and updated since.

    Attributes:
        input: format of the user's audio.
        output: format of the agent's.
        history: send `History` messages.
        greeting: what to say first; None for nothing.
        prompt: its instructions.
        functions: what it may call.
        context: the conversation so far.
        keyterms: words to listen for.
        flux: whether it hears with a Flux model, whose turns can be ended.
    """

    input: AudioFormat
    output: AudioFormat
    history: bool
    greeting: str | None
    prompt: str | None
    functions: list[Function]
    context: list[History]
    keyterms: list[str]
    flux: bool

    def hear_with(self, listen: Mapping[str, Any]) -> None:
        """Take over a ``listen`` setting."""
        provider = listen.get("provider") or {}
        self.flux = provider.get("version") == "v2" or str(provider.get("model", "")).startswith("flux")
        self.keyterms = [str(term) for term in provider.get("keyterms") or ()]

    def think_with(self, think: Mapping[str, Any] | list[Mapping[str, Any]]) -> None:
        """Take over a ``think`` setting; of a list, the first."""
        first = (think[0] if think else {}) if isinstance(think, list) else think
        self.prompt = first.get("prompt", self.prompt)
        if "functions" in first:
            self.functions = msgspec.convert(first["functions"], list[Function])


def read_settings(settings: Settings) -> AgentConfig:
    """Check settings, and return what they ask for.

    Raises:
        InvalidSettingsError: what they ask for cannot be had.
    """
    # As plain data, since a part may be one thing or a list of them.
    fields = settings.to_dict()
    agent, audio = fields["agent"], fields["audio"]
    if isinstance(agent, str):
        raise InvalidSettingsError(f"There is no stored agent configuration {agent}.")
    context = agent.get("context") or {}
    config = AgentConfig(
        input=_input(audio.get("input")),
        output=_output(audio.get("output") or {}),
        history=(fields.get("flags") or {}).get("history", True),
        greeting=agent.get("greeting") or None,
        prompt=None,
        functions=[],
        context=msgspec.convert(context.get("messages") or [], list[History]),
        keyterms=[],
        flux=False,
    )
    config.hear_with(agent.get("listen") or {})
    config.think_with(agent.get("think") or {})
    return config


def _input(given: Mapping[str, Any] | None) -> AudioFormat:
    given = given or {"encoding": "linear16", "sample_rate": 24_000}
    if given["encoding"] not in _INPUT_ENCODINGS:
        raise InvalidSettingsError(f"The local server does not decode audio.input.encoding {given['encoding']}.")
    _check_rate("input", given["sample_rate"])
    return AudioFormat(encoding=given["encoding"], sample_rate=given["sample_rate"])


def _output(given: Mapping[str, Any]) -> AudioFormat:
    encoding = given.get("encoding", "linear16")
    if encoding not in _OUTPUT_RATES:
        raise InvalidSettingsError(f"The local server does not encode audio.output.encoding {encoding}.")
    if given.get("container", "none") != "none":
        raise InvalidSettingsError(f"The local server makes no audio.output.container {given['container']}.")
    rate = given.get("sample_rate", _OUTPUT_RATES[encoding])
    _check_rate("output", rate)
    return AudioFormat(encoding=encoding, sample_rate=rate)


def _check_rate(direction: str, rate: int) -> None:
    if not _MIN_RATE_HZ <= rate <= _MAX_RATE_HZ:
        raise InvalidSettingsError(f"audio.{direction}.sample_rate {rate} is out of range.")


def prompt_warning(prompt: str | None) -> Warning | None:
    """Return what to say of a prompt that is too long."""
    if prompt is None or len(prompt) <= MAX_PROMPT_CHARS:
        return None
    return Warning(code="PROMPT_TOO_LONG", description=f"The prompt is longer than {MAX_PROMPT_CHARS} characters.")


def unparsable(event: UnknownEvent) -> Error:
    """Return what to say of a message that is unknown, or not of the documented form; names the field, if it can."""
    reason = event.reason or f"unknown message type {event.type!r}"
    path = re.search(r" - at `\$\.?(.*?)`", reason)
    field = re.search(r"field `(.*?)`", reason)
    names = [part for part in (path[1] if path else "", field[1] if field else "") if part]
    hint = f"Check the {'.'.join(names)} field against the API spec." if names else f"{reason}."
    return Error(code="UNPARSABLE_CLIENT_MESSAGE", description=f"Error parsing client message. {hint}")
