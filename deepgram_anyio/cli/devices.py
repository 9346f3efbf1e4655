"""The sound devices, and which one is meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .failures import EXIT_FAILED, CommandError
from .output import Column, Output

__all__ = ["device_choice", "print_devices", "sound_failures"]


def device_choice(given: str | None) -> int | str | None:
    """Return what names a device to `deepgram_anyio.audio`: a number, a part of a name, or None for the default."""
    return int(given) if given is not None and given.isdecimal() else given


@contextmanager
def sound_failures(instead: str) -> Iterator[None]:
    """Tell, when there is no sound to be had, what can be done without.

    Args:
        instead: what to do, as an imperative.

    Raises:
        CommandError: a device is missing, or failed.
        ConfigError: the extra ``audio`` is not installed.
    """
    from ..audio import AudioError

    try:
        yield
    except AudioError as error:
        # What a program calls, a person at the command line asks for in another way.
        what = str(error).replace("deepgram_anyio.audio.devices()", "those that --list-devices shows")
        raise CommandError(f"{what}; or {instead}", kind="sound", exit_code=EXIT_FAILED) from error


def print_devices(output: Output) -> int:
    """List the sound devices, for --device.

    Raises:
        CommandError: there is no PortAudio.
        ConfigError: the extra ``audio`` is not installed.
    """
    with sound_failures("name a file"):
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
