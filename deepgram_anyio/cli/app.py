"""The commands, each loaded when it is called, and the end of the program."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from .. import __version__
from .failures import EXIT_INTERRUPTED, EXIT_PIPE, describe, tell
from .settings import with_shared

__all__ = ["COMMANDS", "Entry", "app", "load_command", "run"]

_NAME = "deepgram-anyio"
_SPEECH = "Speech and text"
_PROJECT = "Projects, keys and usage"
_MACHINE = "This machine"


class Entry(NamedTuple):
    """A command, which is loaded when it is called: what others import costs it nothing.

    Attributes:
        module: where it is, beside this one.
        name: the function, or the group of commands, in that module.
        help: the first sentence of its help.
        panel: the heading below which it is listed.
    """

    module: str
    name: str
    help: str
    panel: str


COMMANDS: dict[str, Entry] = {
    "transcribe": Entry("transcribe", "transcribe_command", "Transcribe recordings: one, or thousands.", _SPEECH),
    "listen": Entry("listen", "listen_command", "Show live captions of speech.", _SPEECH),
    "speak": Entry("speak", "speak_command", "Speak a text, aloud or into a file.", _SPEECH),
    "converse": Entry("converse", "converse_command", "Talk with a voice agent.", _SPEECH),
    "read": Entry("read", "read_command", "Summarize a text, or find its topics, intents and sentiments.", _SPEECH),
    "projects": Entry("projects", "projects_app", "List, show, rename, delete or leave projects.", _PROJECT),
    "keys": Entry("keys", "keys_app", "List, show, create or delete the API keys of a project.", _PROJECT),
    "members": Entry(
        "members", "members_app", "List or remove the members of a project, or change what they may do.", _PROJECT
    ),
    "invites": Entry("invites", "invites_app", "List, send or take back invitations to a project.", _PROJECT),
    "usage": Entry("usage", "usage_app", "Sum up what a project used.", _PROJECT),
    "requests": Entry("requests", "requests_app", "List the requests that a project made, or show one.", _PROJECT),
    "balances": Entry("balances", "balances_command", "Show what is left of a project's credit.", _PROJECT),
    "models": Entry("models", "models_app", "List the models, or show one.", _PROJECT),
    "credentials": Entry(
        "credentials", "credentials_app", "List, show, create or delete credentials for self-hosting.", _PROJECT
    ),
    "token": Entry("token", "token_app", "Grant a short-lived token, or show what your own credential is.", _PROJECT),
    "doctor": Entry(
        "doctor",
        "doctor_command",
        "Check this machine, the network and the key, and say what to do about what does not work.",
        _MACHINE,
    ),
    "serve": Entry("serve", "serve_command", "Serve Deepgram's API on this machine.", _MACHINE),
}
"""All commands, in the order of the help."""


class _LazyGroup(TyperGroup):
    """The root: knows the names and the first sentences, and loads the one command that is called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, entry in COMMANDS.items():
            self.add_command(TyperCommand(name, help=entry.help, rich_help_panel=entry.panel), name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, load_command(name) if command is not None and name is not None else None, rest


def load_command(name: str) -> Any:
    """Import a command, and return what typer makes of it: a command, or a group with `commands`.

    Args:
        name: one of `COMMANDS`.
    """
    entry = COMMANDS[name]
    found = getattr(importlib.import_module(f".{entry.module}", __package__), entry.name)
    if not isinstance(found, typer.Typer):
        single = typer.Typer(add_completion=False, rich_markup_mode="rich")
        single.command(name)(found)
        found = single
    return typer.main.get_command(found)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"deepgram-anyio {__version__}")
        raise typer.Exit


@with_shared
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


app: typer.Typer = typer.Typer(
    name=_NAME,
    help="Deepgram on the command line.",
    epilog="'deepgram-anyio COMMAND --help' has examples. --local needs neither a key nor the network.",
    cls=_LazyGroup,
    callback=_root,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: what follows the program's name; None for the process's own.

    Returns:
        The exit code; `failures` has the list.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        # Not `app(...)`, which would put a hook for uncaught exceptions in place.
        result = typer.main.get_command(app)(args=list(arguments), prog_name=_NAME, standalone_mode=False)
        if sys.stdout is not None:  # as with `>&-`
            sys.stdout.flush()  # what cannot be written should be known here
        return int(result or 0)
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return _reader_gone()
    except SystemExit as exit_:  # of rich and typer, who end the program when a pipe is closed
        return _reader_gone() if isinstance(exit_.__context__, BrokenPipeError) else int(exit_.code or 0)
    except typer.Exit as exit_:
        return int(exit_.exit_code)
    except Exception as error:
        failure = describe(error)
        if failure is None:
            raise
        return tell(failure, as_json="--json" in arguments)


def _reader_gone() -> int:
    """Let the interpreter flush into nothing at its end, without a word about it."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_PIPE
