"""What goes wrong in an engine, as the rest of the server sees it."""

from __future__ import annotations

from ...errors import ConfigError

__all__ = ["EngineError", "missing_extra"]


class EngineError(RuntimeError):
    """A recogniser or a voice failed at what it was asked to do, or was closed meanwhile.

    It says nothing of the client or its request, so it is none of the package's public errors.
    """


def missing_extra(extra: str, cause: ImportError) -> ConfigError:
    """Make the error to raise, from `cause`, when an optional package cannot be imported.

    Args:
        extra: the extra of this package that installs it: ``local`` or ``neural``.
        cause: what the import raised.
    """
    return ConfigError(f'{cause}; it comes with: pip install "deepgram-anyio[{extra}]"')
