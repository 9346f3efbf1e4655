"""Runs servers and clients, each in a process of its own, and refuses results that cannot be."""

from __future__ import annotations

import json
import math
import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import trustme

from .cases import QUICK, Case, Client
from .environments import ROOT, environment
from .figures import Figures

__all__ = ["OWN", "BenchError", "Runner", "derived", "runner", "server"]

OWN = "deepgram_anyio"
"""Names this project's environment among those of the others."""

_CLIENT_S = 180.0
_SERVER = "picows-2.3"
_QUICK_STREAMS = ("--streams", "40", "--seconds", "2")


class BenchError(Exception):
    """A run that failed, or whose result cannot be; with what it printed."""


class Runner:
    """Runs cases against the neutral servers.

    Attributes:
        figures: what was found.
        versions: of the packages that took part, by client environment.
    """

    def __init__(self, urls: Mapping[str, str], authority: str, *, quick: bool) -> None:
        """
        Args:
            urls: of the servers: ``ws``, ``wss``, ``http``.
            authority: file with the certificate authority of those over TLS.
            quick: measure less.
        """
        self.figures = Figures()
        self.versions: dict[str, dict[str, str]] = {}
        self._urls = urls
        self._authority = authority
        self._quick = quick

    def run(self, case: Case, rounds: int, say: Callable[[str], None]) -> None:
        """Run a case: all clients in turn, round after round.

        Raises:
            BenchError: a run failed.
        """
        for number in range(1, rounds + 1):
            for client in case.clients:
                found = self._run_client(case, client)
                self.figures.add(case.name, client.key, found)
                main = case.columns[0]
                say(f"{case.name} {number}/{rounds}  {client.name:<44} {found[main.key]:10.2f} {main.heading}")

    def command(self, case: Case, client: Client) -> list[str]:
        """Return the command line of a client."""
        count = max(1, client.count // QUICK) if self._quick else client.count
        command = [environment(client.environment), "-m", f"benchmarks.programs.{client.program}", client.case]
        command += ["--count", str(count), "--warm-up", str(client.warm_up), "--loop", client.loop, *client.arguments]
        if self._quick and "--seconds" in client.arguments:
            command += _QUICK_STREAMS
        return command if case.server is None else [*command, "--url", self._urls[case.server]]

    def _run_client(self, case: Case, client: Client) -> dict[str, float]:
        command = self.command(case, client)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DEEPGRAM")}
        environ = {**kept, "SSL_CERT_FILE": self._authority, **client.variables}
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=_CLIENT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise BenchError(f"{_called(command)}\ndid not end within {_CLIENT_S:g} s") from error
        printed = f"{_called(command)}\n{done.stdout}{done.stderr}"
        if done.returncode:
            raise BenchError(f"{printed}\nended with code {done.returncode}")
        try:
            report = json.loads(done.stdout.splitlines()[-1])
            versions = report.pop("versions")
            found = derived(report)
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise BenchError(f"{printed}\nis no plausible report: {error}") from error
        self.versions.setdefault(client.environment or OWN, {}).update(versions)
        return found


def derived(report: dict[str, Any]) -> dict[str, float]:
    """Return all figures of a client's report, those that follow from others too.

    Raises:
        KeyError, TypeError, ValueError: it is not plausible.
    """
    found = {name: float(value) for name, value in report.items()}
    found["peak_mib"] = found.pop("peak_memory_bytes") / (1 << 20)
    if found["count"] < 1:
        raise ValueError("nothing was counted")
    if "cpu_s" in found:
        cpu_s, wall_s = found["cpu_s"], found["wall_s"]
        if not 0 < cpu_s <= 1.05 * wall_s * (os.cpu_count() or 1) + 0.01:
            raise ValueError(f"{cpu_s} s of CPU time within {wall_s} s")
        found["cpu_us"] = 1e6 * cpu_s / found["count"]
        found["per_s"] = found["count"] / wall_s
    for name, value in found.items():
        if not math.isfinite(value):
            raise ValueError(f"{name} is {value}")
    return found


def _called(command: list[str]) -> str:
    return shlex.join(command).replace(f"{ROOT}{os.sep}", "")


@contextmanager
def runner(*, quick: bool) -> Iterator[Runner]:
    """Start the neutral servers, and stop them at the end."""
    with tempfile.TemporaryDirectory() as folder:
        authority = trustme.CA()
        pem = authority.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem
        certificate, trusted = Path(folder) / "server.pem", Path(folder) / "authority.pem"
        pem.write_to_path(str(certificate))
        authority.cert_pem.write_to_path(str(trusted))
        python = environment(_SERVER)
        with (
            server([python, "-m", "benchmarks.programs.server", "--certificate", str(certificate)]) as sockets,
            server([python, "-m", "benchmarks.programs.http_server"]) as http,
        ):
            urls = {
                "ws": f"http://127.0.0.1:{sockets['ws']}",
                "wss": f"https://127.0.0.1:{sockets['wss']}",
                "http": f"http://127.0.0.1:{http['http']}",
            }
            yield Runner(urls, str(trusted), quick=quick)


@contextmanager
def server(command: list[str]) -> Iterator[dict[str, int]]:
    """Run a server on the last CPU; give its ports.

    Raises:
        BenchError: it did not start.
    """
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise BenchError(f"{_called(command)}\ndid not start")
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(process.pid, {max(os.sched_getaffinity(0))})
            yield json.loads(line)
        finally:
            process.kill()
