"""The sound library, PortAudio through sounddevice: loading it, starting and closing its streams, and its failures.

PortAudio allows one thread at a time to list devices, and to open or to close a stream; everything here sees to that.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeAlias, cast

from ..errors import ConfigError, DeepgramError

__all__ = [
    "ONE_AT_A_TIME",
    "AudioError",
    "Kind",
    "SoundStream",
    "close_stream",
    "load_host",
    "missing_extra",
    "start_stream",
]

Kind: TypeAlias = Literal["input", "output"]

ONE_AT_A_TIME = threading.Lock()
"""Held around calls of PortAudio that touch its list of streams, or of devices."""

_INSTALL = "install it (Debian, Ubuntu: apt install libportaudio2; Fedora: dnf install portaudio; macOS, Windows: it \
comes with sounddevice)"


class AudioError(DeepgramError):
    """Sound cannot be recorded or played: no PortAudio library, no such device, or it was refused or vanished.

    The message says what to do.
    """


class SoundStream(Protocol):
    """What this package uses of the sound library's streams."""

    active: bool
    latency: float

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def abort(self) -> None: ...
    def close(self) -> None: ...
    def write(self, data: bytes | memoryview) -> bool: ...


def missing_extra(cause: ImportError) -> ConfigError:
    """Make the error to raise, from `cause`, when a package of the extra cannot be imported."""
    return ConfigError(f'{cause}; sound needs the extra "audio": pip install "deepgram-anyio[audio]"')


def load_host() -> Any:
    """Load the sound library, and return its module. May take a second, the first time: it looks for devices.

    Raises:
        ConfigError: the extra ``audio`` is not installed.
        AudioError: the PortAudio library is not there, or does not start.
    """
    with ONE_AT_A_TIME:
        try:
            return importlib.import_module("sounddevice")
        except ImportError as cause:
            raise missing_extra(cause) from cause
        except Exception as cause:  # its own errors can be named only once it is loaded
            raise AudioError(f"the PortAudio library cannot be loaded: {cause}; {_INSTALL}") from cause


def start_stream(make: Callable[..., Any], **options: Any) -> SoundStream:
    """Open a stream of 16-bit samples and start it; when it does not start, it is closed.

    Args:
        make: the sound library's class.
        options: what it takes.

    Raises:
        Exception: whatever the sound library raises.
    """
    with ONE_AT_A_TIME:
        stream = cast("SoundStream", make(dtype="int16", **options))
        try:
            stream.start()
        except BaseException:
            stream.close()
            raise
    return stream


def close_stream(stream: SoundStream) -> None:
    """End a stream at once, and close it; for whoever opened it, and once.

    Raises:
        Exception: whatever the sound library raises; then there is nothing left to close.
    """
    try:
        stream.abort()
    finally:
        with ONE_AT_A_TIME:
            stream.close()
