"""What the build adds to pyproject.toml: where the extras find `deepgram-anyio-extras`.

A release takes it from the index, in its own version. A checkout takes it from its own folder, so that
``pip install -e ".[local]"`` and the like work without a release; an index refuses what was built so.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

__all__ = ["ExtrasHook"]


class ExtrasHook(MetadataHookInterface):
    """Makes the extras of the two tables below ``[tool.hatch.metadata.hooks.custom]``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the extras: those of the table ``companion`` bring `deepgram-anyio-extras`, those of ``alone`` do not."""
        where = self._companion()
        extras = {extra: [where, *needed] for extra, needed in self.config["companion"].items()}
        metadata["optional-dependencies"] = extras | self.config["alone"]

    def _companion(self) -> str:
        root = Path(self.root)
        if os.environ.get("DEEPGRAM_ANYIO_RELEASE") != "1":
            return f"deepgram-anyio-extras @ {(root / 'extras').as_uri()}"
        text = (root / "deepgram_anyio" / "_version.py").read_text("utf-8")
        version = re.findall(r'^__version__ = "(.+)"$', text, re.MULTILINE)
        return f"deepgram-anyio-extras=={version[0]}"
