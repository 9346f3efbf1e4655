"""Programs that tests start, and interrupt."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence
from typing import Any

__all__ = ["start_program"]


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
