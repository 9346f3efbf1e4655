"""Standard input, read so that nobody has to wait for it who no longer wants to."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
import anyio.to_thread

__all__ = ["input_is_terminal", "read_input", "read_input_lines"]

_READ_BYTES = 64 * 1024


def input_is_terminal() -> bool:
    """Whether somebody sits at standard input."""
    return sys.stdin is not None and sys.stdin.isatty()


async def read_input() -> AsyncGenerator[bytes, None]:
    """Yield standard input as it comes. Cancelled, it loses nothing that was not read.

    A thread that waits in a read would keep the program from ending, so the event loop waits, where it can: for pipes,
    terminals and sockets. A file needs no waiting, and Windows has no other way than the thread.
    """
    descriptor = sys.stdin.fileno()
    while True:
        try:
            await anyio.wait_readable(descriptor)
        except (OSError, NotImplementedError):
            piece = await anyio.to_thread.run_sync(os.read, descriptor, _READ_BYTES, abandon_on_cancel=True)
        else:
            piece = os.read(descriptor, _READ_BYTES)
        if not piece:
            return
        yield piece


async def read_input_lines() -> AsyncGenerator[str, None]:
    """Yield standard input line by line, without the line ends; the last one may have none."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    waiting = ""
    async with aclosing(read_input()) as pieces:
        async for piece in pieces:
            *lines, waiting = (waiting + decoder.decode(piece)).split("\n")
            for line in lines:
                yield line.removesuffix("\r")
    waiting += decoder.decode(b"", final=True)
    if waiting:
        yield waiting
