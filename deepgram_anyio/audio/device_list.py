"""Which sound devices there are, which one is meant, and which of its formats comes next to the one asked for."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import msgspec

from ..errors import ConfigError
from .host import ONE_AT_A_TIME, AudioError, Kind, load_host

__all__ = [
    "DEVICE_NAMES",
    "AudioDevice",
    "Settings",
    "check_format",
    "choose_settings",
    "devices",
    "find_device",
    "refused",
]

DEVICE_NAMES: dict[Kind, str] = {"input": "microphone", "output": "speaker"}
"""What a person calls a device of each kind."""


class AudioDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A sound device, as the system's sound library lists it.

    Attributes:
        index: its number in the list. It may change when devices come and go.
        name: its name.
        host_api: the system's interface through which it is used; on Windows, one device is there once for each.
        max_input_channels: how many channels it records; 0 for one that only plays.
        max_output_channels: how many it plays; 0 for one that only records.
        default_sample_rate: its own rate, in Hz.
        is_default_input: whether it is what the system records from, unless told otherwise.
        is_default_output: whether it is what the system plays on, unless told otherwise.
    """

    index: int
    name: str
    host_api: str
    max_input_channels: int
    max_output_channels: int
    default_sample_rate: int
    is_default_input: bool
    is_default_output: bool


class Settings(NamedTuple):
    """What a device is opened with: frames per second, and channels."""

    sample_rate: int
    channels: int


def devices() -> list[AudioDevice]:
    """List the sound devices. Blocks, at the first call for up to a second; devices plugged in later are not found.

    Returns:
        All devices, those that record, that play, and that do both; empty when there is none.

    Raises:
        ConfigError: the extra ``audio`` is not installed.
        AudioError: the PortAudio library is not there, or fails.
    """
    host = load_host()
    with ONE_AT_A_TIME:
        try:
            host_apis = [api["name"] for api in host.query_hostapis()]
            default_input, default_output = host.default.device["input"], host.default.device["output"]
            return [_device(info, host_apis, default_input, default_output) for info in host.query_devices()]
        except host.PortAudioError as cause:
            raise AudioError(f"the sound devices cannot be listed: {cause}") from cause


def _device(info: dict[str, Any], host_apis: list[str], default_input: int, default_output: int) -> AudioDevice:
    return AudioDevice(
        index=info["index"],
        name=info["name"],
        host_api=host_apis[info["hostapi"]],
        max_input_channels=info["max_input_channels"],
        max_output_channels=info["max_output_channels"],
        default_sample_rate=round(info["default_samplerate"]),
        is_default_input=info["index"] == default_input,
        is_default_output=info["index"] == default_output,
    )


def find_device(kind: Kind, wanted: int | str | None) -> AudioDevice:
    """Find the device that a caller means.

    Args:
        kind: what it must be able to do.
        wanted: None for the system's default, an index, or a part of the name, in any case. A part of several names
            means the one that has it as its whole name, else the one of the default device's host API.

    Raises:
        ConfigError: the extra ``audio`` is not installed.
        AudioError: there is no such device, or more than one; the message lists those that there are.
    """
    found = [device for device in devices() if _channels(kind, device)]
    default = next((device for device in found if _is_default(kind, device)), None)
    if isinstance(wanted, str):
        return _find_by_name(kind, wanted, found, default)
    if wanted is not None:
        default = next((device for device in found if device.index == wanted), None)
    if default is None:
        what = f"there is no default {DEVICE_NAMES[kind]}" if wanted is None else f"no {DEVICE_NAMES[kind]} is {wanted}"
        raise AudioError(f"{what}; {_advice(kind, found)}")
    return default


def _find_by_name(kind: Kind, wanted: str, found: list[AudioDevice], default: AudioDevice | None) -> AudioDevice:
    part = wanted.casefold()
    matching = [device for device in found if part in f"{device.name}, {device.host_api}".casefold()]
    whole = [device for device in matching if part == device.name.casefold()]
    candidates = whole or matching
    if len(candidates) > 1 and default is not None:
        candidates = [device for device in candidates if device.host_api == default.host_api] or candidates
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise AudioError(f"more than one {DEVICE_NAMES[kind]} matches {wanted!r}; {_advice(kind, candidates)}")
    raise AudioError(f"no {DEVICE_NAMES[kind]} matches {wanted!r}; {_advice(kind, found)}")


def choose_settings(kind: Kind, device: AudioDevice, sample_rate: int, channels: int) -> Settings:
    """Choose what to open a device with: what was asked for if it takes that, else what comes nearest.

    Args:
        kind: what the device shall do.
        device: as found.
        sample_rate: frames per second that were asked for.
        channels: that were asked for. A microphone with more is mixed down, or its first ones are taken; a speaker
            plays one channel on all that it has, and anything on one.

    Raises:
        AudioError: it takes nothing of that.
    """
    host = load_host()
    refusal: Exception | None = None
    for settings in _candidates(kind, device, sample_rate, channels):
        refusal = _refusal(host, kind, device, settings)
        if refusal is None:
            return settings
    if refusal is None:
        count = _channels(kind, device)
        raise AudioError(
            f"the {DEVICE_NAMES[kind]} {device.name!r} has {count} channel(s), not {channels}: ask for {count}"
        )
    raise refused(kind, device, refusal) from refusal


def _refusal(host: Any, kind: Kind, device: AudioDevice, settings: Settings) -> Exception | None:
    check = host.check_input_settings if kind == "input" else host.check_output_settings
    try:
        with ONE_AT_A_TIME:
            check(device=device.index, channels=settings.channels, dtype="int16", samplerate=settings.sample_rate)
    except (host.PortAudioError, ValueError) as cause:
        return cast("Exception", cause)
    return None


def refused(kind: Kind, device: AudioDevice, cause: Exception) -> AudioError:
    """Make the error to raise, from `cause`, when a device cannot be opened."""
    return AudioError(
        f"the {DEVICE_NAMES[kind]} {device.name!r} cannot be opened: {cause}; end the program that uses it, allow"
        " this one to use it in the system's settings, or choose another of deepgram_anyio.audio.devices()"
    )


def check_format(sample_rate: int, channels: int) -> None:
    """Raise `ConfigError` when no device can have this format."""
    if not 1000 <= sample_rate <= 384_000:
        raise ConfigError(f"sample_rate must be 1000 to 384000, not {sample_rate}")
    if not 1 <= channels <= 64:
        raise ConfigError(f"channels must be 1 to 64, not {channels}")


def _candidates(kind: Kind, device: AudioDevice, sample_rate: int, channels: int) -> list[Settings]:
    most = _channels(kind, device)
    counts = [count for count in dict.fromkeys((channels, 2, most, 1)) if count <= most]
    if kind == "input":
        counts = [count for count in counts if count >= channels]
    else:
        counts = [count for count in counts if count >= channels or count == 1]
    rates = dict.fromkeys((sample_rate, device.default_sample_rate))
    return [Settings(rate, count) for rate in rates for count in counts]


def _channels(kind: Kind, device: AudioDevice) -> int:
    return device.max_input_channels if kind == "input" else device.max_output_channels


def _is_default(kind: Kind, device: AudioDevice) -> bool:
    return device.is_default_input if kind == "input" else device.is_default_output


def _advice(kind: Kind, found: list[AudioDevice]) -> str:
    if not found:
        return f"the system has no {DEVICE_NAMES[kind]} at all: connect one and start the program again"
    listed = ", ".join(f"{device.index} {device.name!r} ({device.host_api})" for device in found)
    return f"choose one of {listed}"
