"""What a process holds: tasks, threads, descriptors, child processes and memory."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
import tracemalloc
from dataclasses import dataclass
from pathlib import Path

import anyio

__all__ = ["Resources", "leaks", "measure", "settled"]

_WORKERS = ("AnyIO worker thread", "Trio thread", "asyncio_")
_MIB = 1024 * 1024
_HISTORY_BYTES = 2048  # the server remembers this much, at most, of each of its last 10,000 requests
_FRAGMENTS_BYTES = 48 * _MIB  # what malloc keeps of a peak


@dataclass(frozen=True, kw_only=True)
class Resources:
    """At one moment.

    Attributes:
        tasks: of the event loop.
        threads: but for the idle workers that event loops keep for a while.
        children: processes started by this one: the recogniser's.
        descriptors: open files and sockets, but for the pipes to children; None where the system does not tell.
        sockets: of them; None likewise.
        rss_bytes: memory in use, without that of children; None likewise.
        traced_bytes: memory of Python objects; None when it is not traced.
    """

    tasks: int
    threads: int
    children: int
    descriptors: int | None
    sockets: int | None
    rss_bytes: int | None
    traced_bytes: int | None


def measure() -> Resources:
    """Return what this process holds; called in an event loop."""
    gc.collect()
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
        traced_bytes=tracemalloc.get_traced_memory()[0] if tracemalloc.is_tracing() else None,
    )


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
    history_bytes = min(connections, 10_000) * _HISTORY_BYTES
    for name, allowed_bytes in (
        ("traced_bytes", _MIB + history_bytes),
        ("rss_bytes", _FRAGMENTS_BYTES + history_bytes),
    ):
        was, now = getattr(before, name), getattr(after, name)
        if was is not None and now is not None and now > was + allowed_bytes + history_bytes:
            found.append(f"{name} {now / _MIB:.1f} MiB, {was / _MIB:.1f} MiB before")
    return found
