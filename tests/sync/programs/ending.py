"""How the programs end, and what they tell of it."""

from __future__ import annotations

import json
import logging
import sys
import threading
from types import FrameType
from typing import Any

import anyio

from deepgram_anyio.sync.v4.socket_clients import AsyncSocketClient, SocketClient

__all__ = ["end", "end_async", "tell"]

logging.basicConfig()  # so that every warning is an output that the test sees


def end(connection: SocketClient, ending: str) -> None:
    """Finish, wait for Ctrl-C, or do nothing about the end."""
    print("ready", flush=True)
    if ending == "finish":
        assert connection.finish()
    elif ending == "interrupt":
        input("press Enter to stop\n")


async def end_async(connection: AsyncSocketClient, ending: str) -> None:
    """Finish, wait for Ctrl-C, or do nothing about the end."""
    print("ready", flush=True)
    if ending == "finish":
        assert await connection.finish()
    elif ending == "interrupt":
        await anyio.sleep_forever()


def tell(**facts: Any) -> None:
    """Print what came, and what threads there are beside the main one: name, daemon, in this program's code."""
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    frames = sys._current_frames()
    threads = [(thread.name, thread.daemon, _in_program(frames.get(thread.ident or 0))) for thread in others]
    print(json.dumps({**facts, "threads": threads}), flush=True)


def _in_program(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_globals.get("__name__") == "__main__":
            return True
        frame = frame.f_back
    return False
