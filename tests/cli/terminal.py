"""The command line as people run it: in a terminal, or with pipes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pyte

from ..programs import wait_until_asleep

__all__ = ["COMMAND", "ROOT", "Program", "Run", "environment", "run", "start"]

ROOT = Path(__file__).parent.parent.parent
COMMAND = [sys.executable, "-W", "error", "-m", "deepgram_anyio"]

_TIMEOUT_S = 60.0
_UNWANTED = ("DEEPGRAM_", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "GITHUB_ACTIONS", "PY_COLORS")


def environment(**extra: str) -> dict[str, str]:
    """The environment of a person who has set nothing up, plus what is given."""
    plain = {name: value for name, value in os.environ.items() if not name.upper().startswith(_UNWANTED)}
    return {**plain, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **extra}


class Run(NamedTuple):
    """A program that has ended.

    Attributes:
        code: exit code; negative for the signal that ended it.
        screen: the terminal's lines at the end, those that scrolled away included; empty without a terminal.
        stdout: standard output; in a terminal, all that was written, with control sequences.
        stderr: standard error; empty in a terminal, where it joins standard output.
    """

    code: int
    screen: list[str]
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        """The screen in one text."""
        return "\n".join(self.screen)


class Program:
    """A program that runs, in a terminal of its own or with pipes."""

    def __init__(self, command: Sequence[str], columns: int, lines: int, env: Mapping[str, str], tty: bool) -> None:
        self._screen = pyte.HistoryScreen(columns, lines, history=10_000, ratio=0.5)
        self._stream = pyte.ByteStream(self._screen)
        self._read: dict[int, bytearray] = {}
        self._selector = selectors.DefaultSelector()
        self.tty = tty
        if tty:
            own, its = os.openpty()
            fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            self._input = own
            outputs = [own]
            files: tuple[int, int, int] = (its, its, its)
        else:
            files = (subprocess.PIPE, subprocess.PIPE, subprocess.PIPE)
        self.process: subprocess.Popen[bytes] = subprocess.Popen(
            command,
            stdin=files[0],
            stdout=files[1],
            stderr=files[2],
            env=dict(env),
            start_new_session=True,
            preexec_fn=_own_terminal if tty else _heed_interrupts,
        )
        if tty:
            os.close(its)
        else:
            pipes = (self.process.stdin, self.process.stdout, self.process.stderr)
            self._input, *outputs = [pipe.fileno() for pipe in pipes if pipe is not None]
        for output in outputs:
            self._read[output] = bytearray()
            self._selector.register(output, selectors.EVENT_READ)

    @property
    def stdout(self) -> str:
        """What it has written to standard output so far; call `wait_for` or `finish` to read on."""
        return bytes(next(iter(self._read.values()))).decode()

    @property
    def screen(self) -> list[str]:
        """What the terminal shows, after what has scrolled away."""
        rows = ["".join(line[x].data for x in range(self._screen.columns)) for line in self._screen.history.top]
        text = [row.rstrip() for row in (*rows, *self._screen.display)] if self.tty else []
        while text and not text[-1]:
            text.pop()
        return text

    def wait_for(self, text: str, timeout_s: float = _TIMEOUT_S) -> None:
        """Read until something is on the screen, or in any of the outputs."""
        deadline = time.monotonic() + timeout_s
        while text not in "\n".join(self.screen) and not any(text.encode() in data for data in self._read.values()):
            if not self._pump(deadline):
                raise AssertionError(f"{text!r} did not come: {self._everything()}")

    def type(self, text: str) -> None:
        """Press keys, or write to its standard input."""
        os.write(self._input, text.encode())

    def end_input(self) -> None:
        """Press Ctrl-D, or close its standard input."""
        if self.tty:
            self.type("\x04")
        else:
            assert self.process.stdin is not None
            self.process.stdin.close()

    def interrupt(self) -> None:
        """Press Ctrl-C, once its main thread sleeps: see `wait_until_asleep`."""
        wait_until_asleep(self.process.pid)
        if self.tty:
            self.type("\x03")
        else:
            self.process.send_signal(signal.SIGINT)

    def resize(self, columns: int, lines: int) -> None:
        """Change the terminal's size."""
        self._screen.resize(lines, columns)
        fcntl.ioctl(self._input, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    def finish(self, timeout_s: float = _TIMEOUT_S) -> Run:
        """Read to its end."""
        deadline = time.monotonic() + timeout_s
        while self._pump(deadline):
            pass
        left = max(deadline - time.monotonic(), 0.1)
        try:
            code = self.process.wait(left)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end: {self._everything()}") from None
        texts = [bytes(data).decode() for data in self._read.values()]
        return Run(code, self.screen, texts[0], texts[1] if len(texts) > 1 else "")

    def close(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._selector.close()
        if self.tty:
            os.close(self._input)
        else:
            for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
                assert pipe is not None
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _pump(self, deadline: float) -> bool:
        """Read once; returns whether there may be more."""
        if not self._selector.get_map():
            return False
        ready = self._selector.select(max(deadline - time.monotonic(), 0))
        for key, _ in ready:
            try:
                data = os.read(key.fd, 65536)
            except OSError:  # Linux: the terminal's other end is closed
                data = b""
            if not data:
                self._selector.unregister(key.fd)
                continue
            self._read[key.fd] += data
            if self.tty:
                self._stream.feed(data)
        return bool(ready)

    def _everything(self) -> str:
        return "\n".join(bytes(data).decode(errors="replace") for data in self._read.values())


@contextlib.contextmanager
def start(
    *arguments: str,
    columns: int = 80,
    lines: int = 24,
    env: Mapping[str, str] | None = None,
    tty: bool = True,
    command: Sequence[str] = COMMAND,
) -> Iterator[Program]:
    """Start the program; leaving the block kills it, if it still runs. See `run` for the arguments."""
    program = Program([*command, *arguments], columns, lines, environment(**(env or {})), tty)
    try:
        yield program
    finally:
        program.close()


def run(
    *arguments: str,
    columns: int = 80,
    lines: int = 24,
    env: Mapping[str, str] | None = None,
    tty: bool = True,
    stdin: str | None = None,
    command: Sequence[str] = COMMAND,
) -> Run:
    """Run the program to its end.

    Args:
        arguments: what follows the program's name.
        columns: the terminal's width.
        lines: the terminal's height.
        env: variables beside `environment`'s.
        tty: in a terminal; False for pipes.
        stdin: what to type, or to write; without a terminal, standard input is then closed.
        command: another program.
    """
    with start(*arguments, columns=columns, lines=lines, env=env, tty=tty, command=command) as program:
        if stdin:
            program.type(stdin)
        if not tty:
            program.end_input()
        return program.finish()


def _heed_interrupts() -> None:
    # A shell's background jobs ignore interrupts, and so would every program that the tests start when they are one.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _own_terminal() -> None:
    _heed_interrupts()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
