"""What stands beside and on top of the async client comes with extras: its code is in `deepgram-anyio-extras`."""

from __future__ import annotations

from importlib.util import find_spec

__all__ = ["require"]


def require(package: str, module: str, extra: str) -> None:
    """Check that the code of a package is installed: without the extra, its ``__init__`` stands alone.

    Args:
        package: full name of the package whose ``__init__`` asks.
        module: a module that is in it when it is installed.
        extra: what brings it.

    Raises:
        ModuleNotFoundError: it is not there; the message says what to install.
    """
    if find_spec(f"{package}.{module}") is None:
        # Without a name: `from deepgram_anyio import ...` would swallow an error that bears the package's.
        raise ModuleNotFoundError(f'{package} is not installed: pip install "deepgram-anyio[{extra}]"')
