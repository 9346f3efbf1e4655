"""Every name of the v4 data types, by module."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["CLASSES", "MODULES", "find", "responses"]

MODULES = [
    "base",
    "client_options",
    "errors",
    "events",
    "options_agent",
    "options_analyze",
    "options_listen",
    "options_manage",
    "options_speak",
    "responses_agent",
    "responses_analyze",
    "responses_common",
    "responses_listen",
    "responses_live",
    "responses_manage",
    "responses_speak",
    "responses_usage",
    "sources",
]

CLASSES = {
    "AnalyzeStreamSource",
    "BufferSource",
    "ClientOptionsFromEnv",
    "DeepgramClientOptions",
    "PreRecordedStreamSource",
    "Provider",
    "StreamSource",
    "TextSource",
    "UrlSource",
}


def _names() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in MODULES:
        module = importlib.import_module(f"deepgram_anyio.sync.v4.{name}")
        found.update({public: getattr(module, public) for public in module.__all__})
    return found


_NAMES = _names()


def find(name: str) -> Any:
    """Return what v4 has under a name; None when it is missing."""
    return _NAMES.get(name)


def responses() -> list[type[Any]]:
    """Return every record class whose `to_dict` is the base's own: it must keep whatever it was made from."""
    base = _NAMES["BaseResponse"]
    classes: set[Any] = {each for each in _NAMES.values() if isinstance(each, type) and issubclass(each, base)}
    kept = (each for each in classes if each.to_dict is base.to_dict and not each._unsent)
    return sorted(kept, key=lambda each: each.__name__)
