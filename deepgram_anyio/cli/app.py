"""The commands, and how their failures are told."""

from __future__ import annotations

import sys

import typer

from .. import ConfigError, DeepgramError
from .serve import serve_command

__all__ = ["app", "run"]

app: typer.Typer = typer.Typer(
    name="deepgram-anyio",
    help="Deepgram on the command line.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("serve")(serve_command)


@app.callback()
def _root() -> None:
    """Deepgram on the command line."""


def run() -> int:
    """Run the command line.

    Returns:
        0 for success, 1 for a failure, 2 for a mistake in the call, 130 after Ctrl-C.
    """
    try:
        result = app(standalone_mode=False)
    except (typer.Exit, SystemExit) as exit_:
        return int(getattr(exit_, "exit_code", getattr(exit_, "code", 0)) or 0)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except DeepgramError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    except Exception as error:
        # Typer's own errors know how to show themselves; anything else is a bug and keeps its traceback.
        show = getattr(error, "show", None)
        if show is None:
            raise
        show()
        return int(getattr(error, "exit_code", 2))
    return int(result or 0)
