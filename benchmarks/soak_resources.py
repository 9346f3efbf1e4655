"""What a process holds: tasks, threads, descriptors, child processes and memory."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import anyio

__all__ = ["Resources", "leaks", "measure", "settled"]

_WORKERS = ("AnyIO worker thread", "Trio thread", "asyncio_")
_MIB = 1024 * 1024
_HISTORY = 10_000  # requests that the server remembers
_HISTORY_BYTES = 2048  # of each of them, at most
_HISTORY_BLOCKS = 24  # likewise
_SLACK_BLOCKS = 10_000  # caches of all kinds; less than one kept event for each final result
_FRAGMENTS_BYTES = 48 * _MIB  # holes between objects that a peak leaves behind


@dataclass(frozen=True, kw_only=True)
class Resources:
    """At one moment.

    Attributes:
        tasks: of the event loop.
        threads: but for the idle workers that event loops keep for a while.
        children: processes started by this one: the recogniser's.
        descriptors: open files and sockets, but for the pipes to children; None where the system does not tell.
        sockets: of them; None likewise.
        rss_bytes: memory in use, without that of children, after malloc gave back what it can; None likewise.
        blocks: of memory that Python objects have.
    """

    tasks: int
    threads: int
    children: int
    descriptors: int | None
    sockets: int | None
    rss_bytes: int | None
    blocks: int


def measure() -> Resources:
    """Return what this process holds; called in an event loop."""
    gc.collect()
    _trim_heap()
    process = Path("/proc/self")
    descriptors = sockets = rss_bytes = None
    children = 0
    if process.exists():
        links = [_target(path) for path in (process / "fd").iterdir()]
        children = sum(len(path.read_text().split()) for path in process.glob("task/*/children"))
        descriptors = len([link for link in links if link is not None]) - 2 * children
        sockets = len([link for link in links if link is not None and link.startswith("socket:")])
        rss_bytes = int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return Resources(
        tasks=_tasks(),
        threads=len([thread for thread in threading.enumerate() if not thread.name.startswith(_WORKERS)]),
        children=children,
        descriptors=descriptors,
        sockets=sockets,
        rss_bytes=rss_bytes,
        blocks=sys.getallocatedblocks(),
    )


def _trim_heap() -> None:
    """Give the pages of freed memory back to the system, where malloc can be asked to; it keeps those of a peak."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _target(path: Path) -> str | None:
    try:
        return os.readlink(path)
    except FileNotFoundError:  # the one by which the folder was read
        return None


def _tasks() -> int:
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        return int(trio.lowlevel.current_statistics().tasks_living)
    return len(asyncio.all_tasks())


async def settled(before: Resources, *, within_s: float = 30.0) -> Resources:
    """Wait until nothing is held that was not held before, or for some time; return what is.

    Who was cut off without a word is noticed by the server only when that has been silent for its idle timeout.
    """
    with anyio.move_on_after(within_s):
        while leaks(before, measure(), connections=1_000_000):  # noqa: ASYNC110 - nothing tells when a socket is gone
            await anyio.sleep(0.1)
    return measure()


def leaks(before: Resources, after: Resources, *, connections: int) -> list[str]:
    """Return what is held now and was not before.

    Args:
        before: when everything was warm.
        after: later.
        connections: that the server was asked for in between.
    """
    found = []
    for name in ("tasks", "threads", "descriptors", "sockets"):
        was, now = getattr(before, name), getattr(after, name)
        if was is not None and now > was:
            found.append(f"{now} {name}, {was} before")
    remembered = min(connections, _HISTORY)
    for name, allowed in (
        ("blocks", _SLACK_BLOCKS + remembered * _HISTORY_BLOCKS),
        ("rss_bytes", _FRAGMENTS_BYTES + remembered * _HISTORY_BYTES),
    ):
        was, now = getattr(before, name), getattr(after, name)
        if was is not None and now is not None and now > was + allowed:
            found.append(f"{now} {name}, {was} before")
    return found
