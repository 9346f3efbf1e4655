"""Proxies that others wrote, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["http_proxy", "socks_proxy"]

# Both print their port. Neither minds warnings, of which newer Pythons have some for them.
_PROXY_PY = """
import sys, proxy
with proxy.Proxy(["--hostname", "127.0.0.1", "--port", "0", "--num-workers", "1", "--num-acceptors", "1",
                  "--threadless", "--log-level", "CRITICAL", *sys.argv[1:]]) as running:
    print(running.flags.port, flush=True)
    sys.stdin.read()
"""
_PPROXY = """
import asyncio, sys, pproxy
async def main():
    quiet = {"rserver": [], "verbose": lambda text: None, "authtime": -1}  # and forgets at once who has logged in
    serving = await pproxy.Server(sys.argv[1]).start_server(quiet)
    print(serving.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
asyncio.run(main())
"""


def http_proxy(user: str = "", password: str = "") -> Iterator[int]:
    """Run proxy.py, with basic authentication or without, and yield its port."""
    arguments = ["--basic-auth", f"{user}:{password}"] if user else []
    with _running(_PROXY_PY, *arguments) as port:
        yield port


def socks_proxy(user: str = "", password: str = "") -> Iterator[int]:
    """Run pproxy for SOCKS5, with a user name and password or without, and yield its port."""
    credentials = f"#{user}:{password}" if user else ""
    with _running(_PPROXY, f"socks5://127.0.0.1:0/{credentials}") as port:
        yield port


@contextmanager
def _running(code: str, *arguments: str) -> Iterator[int]:
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()  # which both take for the end
            try:
                process.wait(5)
            finally:
                process.kill()
