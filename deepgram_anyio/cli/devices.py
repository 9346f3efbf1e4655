"""The sound devices, and which one is meant."""

from __future__ import annotations

from .output import Column, Output

__all__ = ["device_choice", "print_devices"]


def device_choice(given: str | None) -> int | str | None:
    """Return what names a device to `deepgram_anyio.audio`: a number, a part of a name, or None for the default."""
    return int(given) if given is not None and given.isdecimal() else given


def print_devices(output: Output) -> int:
    """List the sound devices, for --device.

    Raises:
        AudioError: there is no PortAudio.
        ConfigError: the extra ``audio`` is not installed.
    """
    from ..audio import devices

    found = devices()
    if output.json:
        output.document({"devices": found})
        return 0
    output.table(
        "Sound devices",
        [Column("No.", right=True), "Name", "System", Column("In", right=True), Column("Out", right=True), "Default"],
        [
            (
                device.index,
                device.name,
                device.host_api,
                device.max_input_channels,
                device.max_output_channels,
                _default(device.is_default_input, device.is_default_output),
            )
            for device in found
        ],
        empty="no sound devices",
    )
    return 0


def _default(is_input: bool, is_output: bool) -> str:
    return " and ".join(["input"] * is_input + ["output"] * is_output)
