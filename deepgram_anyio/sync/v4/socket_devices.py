"""Loudspeakers and microphones that a v4 configuration asks for: ``speaker_playback``, ``microphone_record``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client_options import DeepgramClientOptions
    from .microphone import Microphone
    from .speaker import Speaker

__all__ = ["microphone_of", "speaker_of"]


def speaker_of(config: DeepgramClientOptions, microphone: Microphone | None = None) -> Speaker | None:
    """Return a new loudspeaker if the configuration has ``speaker_playback``.

    Its switches are ``speaker_playback_rate``, ``_channels``, ``_delta_in_ms`` and ``_device_index``.
    """
    if not _is_on(config, "speaker_playback"):
        return None
    from .speaker import Speaker

    names = {
        "rate": "rate",
        "channels": "channels",
        "delta_in_ms": "last_play_delta_in_ms",
        "device_index": "output_device_index",
    }
    return Speaker(verbose=config.verbose, microphone=microphone, **_numbers(config, "speaker_playback", names))


def microphone_of(config: DeepgramClientOptions) -> Microphone | None:
    """Return a new microphone if the configuration has ``microphone_record``.

    Its switches are ``microphone_record_rate``, ``_channels`` and ``_device_index``.
    """
    if not _is_on(config, "microphone_record"):
        return None
    from .microphone import Microphone

    names = {"rate": "rate", "channels": "channels", "device_index": "input_device_index"}
    return Microphone(verbose=config.verbose, **_numbers(config, "microphone_record", names))


def _is_on(config: DeepgramClientOptions, switch: str) -> bool:
    return str(config.options.get(switch)).lower() == "true"


def _numbers(config: DeepgramClientOptions, prefix: str, names: dict[str, str]) -> dict[str, Any]:
    given = {parameter: config.options.get(f"{prefix}_{name}") for name, parameter in names.items()}
    return {parameter: int(value) for parameter, value in given.items() if value is not None}
