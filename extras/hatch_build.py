"""Put the parts of the package that come with extras into the wheel, out of the folder above this one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

__all__ = ["PARTS", "PartsHook"]

PARTS = ("audio", "bulk", "cli", "local", "sync", "testing")
"""Packages below `deepgram_anyio`. Their ``__init__`` is in `deepgram-anyio`: alone, it says which extra to install."""


class PartsHook(BuildHookInterface[Any]):
    """Collects the files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add every file of the parts; none to an editable installation, where the checkout itself has them."""
        if version == "editable":
            return
        source = Path(self.root).parent
        for part in PARTS:
            folder = source / "deepgram_anyio" / part
            for path in sorted(folder.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts and path != folder / "__init__.py":
                    build_data["force_include"][str(path)] = str(path.relative_to(source))
