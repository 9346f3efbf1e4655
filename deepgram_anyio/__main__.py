"""``python -m deepgram_anyio``: the command line."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> int:
    """Run the command line and return its exit code."""
    try:
        from .cli.app import run
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("deepgram_anyio"):
            raise
        message = str(error)  # which says what to install, when it is the command line itself that is missing
        if error.name is not None:
            message = f'the command line needs {error.name}: pip install "deepgram-anyio[cli]"'
        print(message, file=sys.stderr)  # noqa: T201
        return 2
    return run()


if __name__ == "__main__":
    sys.exit(main())
