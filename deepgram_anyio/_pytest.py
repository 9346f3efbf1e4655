"""What pytest loads wherever this package is installed: the plugin of the test kit, when that is installed, too."""

from __future__ import annotations

__all__ = ["pytest_plugins"]

try:
    from . import testing as _testing  # noqa: F401 - only the plugin below is loaded, and by pytest itself
except ModuleNotFoundError:
    pytest_plugins: list[str] = []
else:
    pytest_plugins = ["deepgram_anyio.testing.plugin"]
