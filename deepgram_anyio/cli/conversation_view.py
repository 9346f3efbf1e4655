"""A conversation on the screen, and in a file."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .caption_lines import printable
from .captions_view import LiveCaptions, labelled
from .output import Output

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ConversationView"]

_NAMES = {"user": "you", "assistant": "agent"}
_STYLES = {"user": "bold cyan", "assistant": "bold green"}


class ConversationView:
    """Shows who says what, and asks for more where the user types.

    With ``--json`` only what is no part of the conversation is shown.
    """

    def __init__(self, output: Output, *, typed: bool, redraw: bool) -> None:
        """
        Args:
            output: where it is shown.
            typed: the user types.
            redraw: a line at the bottom may be drawn again and again.
        """
        self._output = output
        self._prompts = typed and output.is_terminal and not output.json
        self._prompted = False
        self._live: LiveCaptions | None = None
        if redraw and output.is_terminal and not typed and not output.json:
            self._live = LiveCaptions(output.console)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.__enter__()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.__exit__(exc_type, exc, traceback)
        elif self._prompted:
            print(flush=True)

    def words(self, role: str, content: str) -> None:
        """Show what was said."""
        if self._output.json or (self._prompts and role == "user"):
            return  # what was typed is on the screen
        name = _NAMES.get(role, role)
        self._print(f"{name}:", printable(content), style=_STYLES.get(role, "bold"))

    def aside(self, text: str) -> None:
        """Show what happened besides."""
        if not self._output.json:
            self._print("", printable(text), style="dim")

    def note(self, text: str) -> None:
        """Tell something on standard error."""
        self._unprompt()
        if self._live is not None:
            self._live.note(text)
        else:
            self._output.note(text)

    def status(self, text: str) -> None:
        """Show a line at the bottom, where there is one."""
        if self._live is not None:
            self._live.status(text)

    def prompt(self) -> None:
        """Ask for the next line, unless that was done."""
        if self._prompts and not self._prompted:
            self._output.console.print("you: ", style=_STYLES["user"], end="")
            sys.stdout.flush()
            self._prompted = True

    def answered(self) -> None:
        """The user has pressed the return key."""
        self._prompted = False

    def _unprompt(self) -> None:
        if self._prompted:
            self._output.console.print("\r", end="")
            self._output.console.file.write("\x1b[K")
            self._prompted = False

    def _print(self, label: str, text: str, *, style: str) -> None:
        if not self._output.is_terminal:
            print(f"{label} {text}" if label else f"  {text}", flush=True)
            return
        from rich.text import Text

        self._unprompt()
        drawn: Any = (
            labelled(Text(f"{label:<6}", style=style), Text(text, overflow="fold"))
            if label
            else labelled(Text(" " * 6), Text(text, style=style, overflow="fold"))
        )
        if self._live is not None:
            self._live.write(drawn)
        else:
            self._output.console.print(drawn)
