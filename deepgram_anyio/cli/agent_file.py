"""What ``converse`` tells the agent to be: a file, or the usual."""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from .failures import CommandError

__all__ = ["SampleFormat", "check_settings", "read_settings", "sample_format", "usual_settings", "with_changes"]

_INPUT_RATE = 16_000
_DEFAULT_RATE = 24_000


class SampleFormat(NamedTuple):
    """A direction of the audio."""

    encoding: str
    sample_rate: int


def usual_settings() -> dict[str, Any]:
    """Return the settings of an agent that is asked for nothing special."""
    return {
        "type": "Settings",
        "audio": {
            "input": {"encoding": "linear16", "sample_rate": _INPUT_RATE},
            "output": {"encoding": "linear16", "sample_rate": _DEFAULT_RATE, "container": "none"},
        },
        "agent": {
            "listen": {"provider": {"type": "deepgram", "model": "nova-3"}},
            "think": {
                "provider": {"type": "open_ai", "model": "gpt-4o-mini"},
                "prompt": "You are a helpful voice assistant. Answer in one or two short sentences.",
            },
            "speak": {"provider": {"type": "deepgram", "model": "aura-2-thalia-en"}},
            "greeting": "Hello! How can I help you?",
        },
    }


def read_settings(path: Path) -> dict[str, Any]:
    """Read a ``Settings`` message from a JSON file; its ``type`` may be left out.

    Raises:
        CommandError: it holds something else.
        OSError: it cannot be read.
    """
    try:
        found = json.loads(path.read_text("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is no text file: it must be JSON in UTF-8", kind="file") from error
    except json.JSONDecodeError as error:
        raise CommandError(f"{path}, line {error.lineno}, column {error.colno}: {error.msg}", kind="file") from error
    except RecursionError as error:
        raise CommandError(f"{path} is nested too deeply", kind="file") from error
    if not isinstance(found, dict):
        raise CommandError(f"{path} must hold a JSON object: the Settings message of an agent", kind="file")
    return {"type": "Settings", **found}


def check_settings(settings: dict[str, Any], name: str) -> None:
    """See that settings have the documented form.

    Args:
        settings: the message.
        name: of the file they are from.

    Raises:
        CommandError: they do not; its message names the field.
    """
    import msgspec

    from ..protocol.agent import Settings

    try:
        msgspec.convert(settings, Settings)
    except msgspec.ValidationError as error:
        raise CommandError(
            f"{name}: {_explained(str(error))} (--no-check sends the settings as they are)", kind="file"
        ) from error


def _explained(message: str) -> str:
    """Put the field's name ahead of what msgspec finds wrong with it."""
    what, _, path = message.partition(" - at `$")
    place = path.removesuffix("`").strip(".")
    field = re.fullmatch(r"Object (?:contains unknown|missing required) field `(.+)`", what)
    if field is None:
        return f"{place}: {what[:1].lower()}{what[1:]}" if place else what
    full = f"{place}.{field[1]}" if place else field[1]
    if "missing" in what:
        return f"{full} is missing"
    near = difflib.get_close_matches(field[1], _field_names(), n=1)
    return f"{full}: there is no such field" + (f"; did you mean {near[0]}?" if near else "")


def _field_names() -> set[str]:
    import msgspec

    from ..protocol import agent_settings

    parts = [getattr(agent_settings, name) for name in agent_settings.__all__]
    structs = [part for part in parts if isinstance(part, type) and issubclass(part, msgspec.Struct)]
    return {field for struct in structs for field in struct.__struct_fields__}


def with_changes(
    settings: dict[str, Any], *, prompt: str | None, greeting: str | None, voice: str | None
) -> dict[str, Any]:
    """Return settings with what the command line says of the agent.

    Raises:
        CommandError: the agent is a stored one, which is what it is.
    """
    if prompt is None and greeting is None and voice is None:
        return settings
    agent = settings.get("agent")
    if not isinstance(agent, dict):
        raise CommandError("--prompt, --greeting and --voice do not go with a stored agent")
    agent = dict(agent)
    if prompt is not None:
        think = agent.get("think") or usual_settings()["agent"]["think"]
        if not isinstance(think, dict):
            raise CommandError("--prompt does not go with a list in agent.think: write it into the file")
        agent["think"] = {**think, "prompt": prompt}
    if greeting is not None:
        agent["greeting"] = greeting
    if voice is not None:
        agent["speak"] = {"provider": {"type": "deepgram", "model": voice}}
    return {**settings, "agent": agent}


def sample_format(settings: dict[str, Any], direction: str) -> SampleFormat:
    """Return the samples that go in a direction, ``input`` or ``output``.

    Raises:
        CommandError: it is no bare ``linear16``, the only audio that can be recorded and played here.
    """
    audio = settings.get("audio")
    part = (audio.get(direction) if isinstance(audio, dict) else None) or {}
    encoding = part.get("encoding", "linear16")
    if encoding != "linear16" or part.get("container", "none") != "none":
        raise CommandError(
            f"audio.{direction} must be linear16 without a container to be recorded and played here, not {encoding}: "
            "change the settings, or use --typed"
        )
    return SampleFormat(encoding, int(part.get("sample_rate", _DEFAULT_RATE)))
