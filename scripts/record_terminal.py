"""Record the picture in the README: run commands of this project in a terminal, and write it as an animated SVG.

A shell runs in a pseudo-terminal, and gets the commands typed; everything else on the screen is what they print. Only
waits are cut short, to 1.5 s.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import selectors
import shlex
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Sequence
from pathlib import Path

import pyte
from pyte.screens import Char
from record_terminal_svg import Frame, Row, Run, Style, draw, settled, shortened

__all__ = ["COLUMNS", "COMMANDS", "LINES", "PICTURE", "Recorder", "Screen", "describe", "main", "row_of"]

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "images" / "terminal.svg"
COLUMNS, LINES = 80, 11

COMMANDS = (
    'deepgram-anyio speak --local -o speech.wav "Good morning.\n'
    "This is happening on your own computer.\n"
    'Nothing goes over the network."',
    "deepgram-anyio listen speech.wav --local --pace 1 --smart-format --stats",
)
_PROMPTS = {"PS1": "$ ", "PS2": "> "}

_BETWEEN_WORDS_S = 0.06  # typed by words: each state of a row is kept in the picture
_QUIET_S = 0.02  # what follows within that belongs to the same screen
_BEFORE_TYPING_S = 0.5
_LONGEST_S, _SHORTEST_S, _HOLD_S = 1.5, 0.04, 3.5
_TIMEOUT_S = 60.0
_DIM, _NOT_DIM = 5, 25  # pyte knows no dim: blinking, which nothing here does, stands for it


class Recorder:
    """A shell in a terminal, and the screens that it has shown.

    Attributes:
        frames: the screens so far.
    """

    def __init__(self, columns: int, lines: int, *, folder: Path, env: dict[str, str]) -> None:
        """
        Args:
            columns: the terminal's width.
            lines: its height.
            folder: where the shell works.
            env: its environment.
        """
        self._screen = Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._selector = selectors.DefaultSelector()
        self._began = time.monotonic()
        self.frames: list[Frame] = []
        self._own, its = os.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._shell = subprocess.Popen(
            ["/bin/sh", "-i"],
            stdin=its,
            stdout=its,
            stderr=its,
            cwd=folder,
            env=env,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(its)
        self._selector.register(self._own, selectors.EVENT_READ)

    def close(self) -> None:
        """Close the terminal, which ends the shell."""
        self._selector.close()
        os.close(self._own)
        self._shell.wait(_TIMEOUT_S)

    def type(self, text: str) -> None:
        """Press keys, word by word, and Enter."""
        self._watch(_BEFORE_TYPING_S)
        for word in f"{text}\n".replace(" ", " \0").replace("\n", "\n\0").split("\0"):
            os.write(self._own, word.encode())
            self._watch(_BETWEEN_WORDS_S)

    def wait_for_prompt(self) -> None:
        """Record until the shell waits for a command.

        Raises:
            TimeoutError: it does not.
        """
        deadline = time.monotonic() + _TIMEOUT_S
        while not self._prompted():
            if time.monotonic() > deadline:
                raise TimeoutError(f"no prompt after {_TIMEOUT_S:.0f} s:\n" + "\n".join(self._screen.display))
            self._watch(0.2)

    def _prompted(self) -> bool:
        cursor = self._screen.cursor
        return self._screen.display[cursor.y].rstrip() == "$" and cursor.x == len(_PROMPTS["PS1"])

    def _watch(self, seconds: float) -> None:
        """Read for a while; whenever nothing more comes, keep the screen."""
        until = time.monotonic() + seconds
        while self._selector.select(max(until - time.monotonic(), 0)):
            at_s = time.monotonic() - self._began
            while self._selector.select(_QUIET_S):
                self._stream.feed(os.read(self._own, 65536))
            rows = self._screen.rows()
            if not self.frames or rows != self.frames[-1].rows:
                self.frames.append(Frame(at_s, rows))


class Screen(pyte.Screen):
    """A screen that knows dim text."""

    def select_graphic_rendition(self, *attrs: int, **_: bool) -> None:
        # A 2 within a colour, such as 38;2;255;0;0, is no dim; rich writes each colour whole, ahead of nothing else.
        dims: dict[int, tuple[int, ...]] = {2: (_DIM,), 22: (22, _NOT_DIM)}
        if 38 not in attrs and 48 not in attrs:
            attrs = tuple(code for attr in attrs for code in dims.get(attr, (attr,)))
        super().select_graphic_rendition(*attrs)

    def rows(self) -> tuple[Row, ...]:
        """What it shows, the cursor included."""
        rows = []
        for line in range(self.lines):
            cells = [self.buffer[line][column] for column in range(self.columns)]
            if not self.cursor.hidden and line == self.cursor.y and self.cursor.x < self.columns:
                cell = cells[self.cursor.x]
                cells[self.cursor.x] = cell._replace(reverse=not cell.reverse)
            rows.append(row_of(cells))
        return tuple(rows)


def row_of(cells: Sequence[Char]) -> Row:
    """Put cells of one style together, and leave out what cannot be seen."""
    runs: list[Run] = []
    for column, cell in enumerate(cells):
        style = Style(cell.fg, cell.bg, cell.bold, cell.blink, cell.italics, cell.underscore, cell.reverse)
        if runs and runs[-1].style == style:
            runs[-1] = runs[-1]._replace(columns=runs[-1].columns + 1, text=runs[-1].text + cell.data)
        else:
            runs.append(Run(column, 1, cell.data, style))
    return tuple(run for run in map(_trimmed, runs) if run.text)


def _trimmed(run: Run) -> Run:
    if run.style.bg != "default" or run.style.inverse or run.style.underline:
        return run  # even its spaces can be seen
    text = run.text.strip(" ")
    lead = len(run.text) - len(run.text.lstrip(" "))
    return Run(run.column + lead, run.columns - (len(run.text) - len(text)), text, run.style)


def describe(commands: Sequence[str] = COMMANDS) -> str:
    """Tell how a picture was made, and of what."""
    typed = "".join(f"\n$ {command}" for command in commands)
    return f"Made by scripts/record_terminal.py (make recording) of what these commands showed:{typed}"


def _record(folder: Path) -> list[Frame]:
    """Record the commands in an empty folder."""
    programs = folder / "bin"
    programs.mkdir()
    program = programs / "deepgram-anyio"  # of this tree, whether it is installed or not
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m deepgram_anyio "$@"\n', "utf-8")
    program.chmod(0o755)
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("DEEPGRAM_")},
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
        **_PROMPTS,
    }
    for unwanted in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "ENV"):
        env.pop(unwanted, None)
    recorder = Recorder(COLUMNS, LINES, folder=folder, env=env)
    try:
        recorder.wait_for_prompt()
        for command in COMMANDS:
            recorder.type(command)
            recorder.wait_for_prompt()
        return recorder.frames
    finally:
        recorder.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=PICTURE, help="the picture; docs/images/terminal.svg")
    output: Path = parser.parse_args(arguments).output
    with tempfile.TemporaryDirectory() as folder:
        frames = shortened(settled(_record(Path(folder)), _SHORTEST_S), _LONGEST_S)
    svg = draw(frames, columns=COLUMNS, lines=LINES, title="deepgram-anyio", description=describe(), hold_s=_HOLD_S)
    output.write_text(svg, "utf-8")
    shown = "\n".join("".join(f"{run.text} " for run in row) for row in frames[-1].rows)
    seconds = frames[-1].at_s + _HOLD_S
    sys.stdout.write(f"{shown}\n{output}: {len(frames)} screens, {seconds:.1f} s, {len(svg):,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
