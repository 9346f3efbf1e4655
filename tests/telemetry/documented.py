"""What docs/observability.md says, for the tests."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["BLOCKS", "ROOT", "TEXT", "attributes", "events", "metrics", "table"]

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def table(head: str) -> list[list[str]]:
    """The rows of the table whose head begins with a cell."""
    (found,) = re.findall(rf"^\| {re.escape(head)} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in found.splitlines()]


def _names(head: str) -> set[str]:
    return {name for row in table(head) for name in re.findall(r"`([^`]+)`", row[0])}


def attributes() -> set[str]:
    return _names("attribute")


def events() -> set[str]:
    return _names("event")


def metrics() -> set[str]:
    return _names("metric")
