"""Virtual environments with other clients, under ``.cache/bench``; made when first asked for."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

__all__ = ["ROOT", "environment"]

ROOT = Path(__file__).resolve().parent.parent
_CACHE = Path(".cache") / "bench"
# Both SDKs leave the version of websockets open; the next major one is theirs to find out about, not ours.
_REQUIREMENTS = {
    "deepgram-sdk-4.8.1": ("deepgram-sdk==4.8.1", "websockets<18"),
    "deepgram-sdk-7.16.0": ("deepgram-sdk==7.16.0", "websockets<18"),
    "websockets-17": ("websockets>=17,<18", "msgspec"),
    "aiohttp-3.14": ("aiohttp>=3.14,<3.15", "msgspec"),
    "picows-2.3": ("picows>=2.3,<2.4", "msgspec", "uvloop"),
}


@cache
def environment(name: str | None) -> str:
    """Return the interpreter of an environment, after making it if need be.

    Args:
        name: which one, such as ``deepgram-sdk-4.8.1``; None means the running interpreter.

    Raises:
        subprocess.CalledProcessError: it could not be made; what is wrong was printed.
    """
    if name is None:
        return sys.executable
    directory = _CACHE / name
    packages = [argument for package in _REQUIREMENTS[name] for argument in ("--package", package)]
    (ROOT / _CACHE).mkdir(parents=True, exist_ok=True)
    bootstrap = [sys.executable, str(ROOT / "scripts" / "bootstrap.py"), "--venv", str(directory)]
    subprocess.run([*bootstrap, *packages], cwd=ROOT, check=True)
    return str(ROOT / directory / "bin" / "python")
