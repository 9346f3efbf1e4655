"""The module paths of deepgram-sdk v4: ``deepgram.clients.common.v1`` is ``deepgram_anyio.sync.clients.common.v1``.

Programs import from all over v4's hundred modules. Behind each path stands the same set of names, so that a hundred
files would say a hundred times the same; instead, the modules are made when they are imported. Type checkers do not
see them: for those, import from `deepgram_anyio.sync` itself.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import MappingProxyType, ModuleType
from typing import Any

__all__ = ["PATHS", "V4Finder", "install"]

_ROOT = "deepgram_anyio.sync"


_CLIENT = ("client", "async_client", "options", "response", "helpers")
_SOCKET = ("client", "async_client", "options", "response")
PATHS: frozenset[str] = frozenset(
    {
        *("audio", "audio.microphone", "audio.microphone.constants", "audio.microphone.errors"),
        *("audio.microphone.microphone", "audio.speaker", "audio.speaker.constants", "audio.speaker.errors"),
        *("audio.speaker.speaker", "errors", "options", "utils", "utils.verboselogs"),
        *("clients", "clients.errors", "clients.agent_router", "clients.listen_router", "clients.read_router"),
        *("clients.speak_router", "clients.common", "clients.common.v1"),
        *(f"clients.common.v1.abstract_{kind}" for kind in ("sync_rest", "async_rest", "sync_websocket")),
        *(
            f"clients.common.v1.{name}"
            for name in ("abstract_async_websocket", "enums", "errors", "helpers", "options")
        ),
        *(f"clients.common.v1.{name}" for name in ("rest_response", "shared_response", "websocket_events")),
        "clients.common.v1.websocket_response",
        *(f"clients.{name}" for name in ("agent", "analyze", "auth", "listen", "live", "manage", "prerecorded")),
        *(f"clients.{name}" for name in ("selfhosted", "speak")),
        *(f"clients.{name}.v1" for name in ("agent", "analyze", "auth", "listen", "live", "manage", "prerecorded")),
        *(f"clients.{name}.v1" for name in ("selfhosted", "speak")),
        *(f"clients.{name}.client" for name in ("agent", "analyze", "auth", "listen", "manage", "selfhosted", "speak")),
        *(f"clients.{name}.enums" for name in ("agent", "listen", "speak")),
        *(f"clients.{name}.v1.{part}" for name in ("analyze", "auth", "manage", "selfhosted") for part in _CLIENT),
        *(f"clients.{name}.v1.rest" for name in ("listen", "speak")),
        *(f"clients.{name}.v1.rest.{part}" for name in ("listen", "speak") for part in _CLIENT),
        *(f"clients.{name}.v1.websocket" for name in ("agent", "listen", "speak")),
        *(f"clients.{name}.v1.websocket.{part}" for name in ("agent", "listen", "speak") for part in _SOCKET),
        *(f"clients.live.v1.{name}" for name in ("client", "enums", "options", "response")),
        *(f"clients.prerecorded.v1.{name}" for name in ("client", "errors", "options", "response")),
    }
)
"""Every path below v4's ``deepgram``, but for ``client``, which is a module here, too."""

_LISTEN_REST = {"Metadata": "ListenRESTMetadata", "Results": "ListenRESTResults", "Summary": "SummaryV2"}
_ANALYZE = {"Metadata": "AnalyzeMetadata", "Results": "AnalyzeResults", "Summary": "AnalyzeSummary"}
_LIVE = {"Metadata": "ListenWSMetadata", "MetadataResponse": "ListenWSMetadataResponse"}
_SPEAK_SOCKET = {"MetadataResponse": "SpeakWSMetadataResponse"}
_RENAMED: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "clients.listen.v1.rest": _LISTEN_REST,
        "clients.analyze.v1": _ANALYZE,
        "clients.listen.v1.websocket": _LIVE,
        "clients.live": _LIVE,
        "clients.speak.v1.websocket": _SPEAK_SOCKET,
    }
)
"""Short names that mean different things below different paths."""

_MODULES: Mapping[str, str] = MappingProxyType({"utils.verboselogs": f"{_ROOT}.v4.verboselogs"})
"""Paths that are one module here, with more names than v4 exported at its root."""


class V4Finder(MetaPathFinder, Loader):
    """Finds and makes the modules of `PATHS`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Say that a module can be made; None for all that are not v4's."""
        tail = fullname.removeprefix(f"{_ROOT}.")
        if tail == fullname or tail not in PATHS:
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> None:
        """Take the usual kind of module."""

    def exec_module(self, module: ModuleType) -> None:
        """Give a new module its names, which are looked up when they are asked for."""
        tail = module.__name__.removeprefix(f"{_ROOT}.")
        home = importlib.import_module(_MODULES.get(tail, _ROOT))
        renamed = next((names for path, names in _RENAMED.items() if f"{tail}.".startswith(f"{path}.")), {})

        def find(name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
            return getattr(home, renamed.get(name, name))

        module.__doc__ = f"The names of v4's ``deepgram.{tail}``."
        vars(module)["__all__"] = sorted({*home.__all__, *renamed})
        vars(module)["__getattr__"] = find


def install() -> None:
    """Make the paths importable; harmless when repeated."""
    if not any(isinstance(finder, V4Finder) for finder in sys.meta_path):
        sys.meta_path.append(V4Finder())
