"""Programs that tests start, and interrupt."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["interrupt", "start_program", "wait_until_asleep"]


def start_program(command: Sequence[str], **options: Any) -> subprocess.Popen[str]:
    """Start a program whose output is read, and which an interrupt reaches.

    A shell's background jobs ignore interrupts, and so would every program that the tests start when they are one.
    """
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_heed_interrupts,
        **options,
    )


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def interrupt(program: subprocess.Popen[str]) -> None:
    """Press Ctrl-C, once the program's main thread sleeps."""
    wait_until_asleep(program.pid)
    program.send_signal(signal.SIGINT)


def wait_until_asleep(pid: int) -> None:
    """Wait until a program's main thread sleeps, and give up after 10 s.

    Python runs signal handlers in its main thread, between two steps. A signal that arrives after the last step before
    that thread falls asleep in the event loop is noticed when something else wakes it: on an idle loop, never.
    """
    thread = Path(f"/proc/{pid}/task/{pid}")
    ran, deadline = "", time.monotonic() + 10
    while thread.exists() and time.monotonic() < deadline:
        before, ran = ran, (thread / "schedstat").read_text().split()[0]  # nanoseconds
        if ran == before:
            break
        time.sleep(0.05)
