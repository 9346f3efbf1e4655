"""Fresh virtual environments for `compat.py` and `dist.py`: the Pythons that there are, and uv to fill them fast."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bootstrap import probe

__all__ = ["ROOT", "EnvironmentFailedError", "Fresh", "find_python"]

ROOT = Path(__file__).resolve().parent.parent


class EnvironmentFailedError(Exception):
    """An environment cannot be made, or something in it does not work; the message is for a person."""


def find_python(version: str) -> str:
    """Return the path of a Python such as "3.12": from PATH, or from where pyenv keeps its own.

    Raises:
        EnvironmentFailedError: there is none.
    """
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for name in [f"python{version}", *map(str, sorted(kept.glob(f"{version}.*/bin/python"), reverse=True))]:
        found = probe(name)
        if found is not None and ".".join(map(str, found.version[:2])) == version:
            return str(found.path)
    raise EnvironmentFailedError(f"there is no Python {version} here")


class Fresh:
    """A virtual environment that is made anew.

    Args:
        path: where; what is there is removed.
        python: the interpreter it is made of.
    """

    def __init__(self, path: Path, python: str) -> None:
        self._path = path
        shutil.rmtree(path, ignore_errors=True)
        self._uv("venv", "--quiet", "--no-config", "--python", python, str(path))

    @property
    def folder(self) -> Path:
        """Where its programs are."""
        return self._path / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> str:
        """The path of its interpreter."""
        return str(self.folder / ("python.exe" if os.name == "nt" else "python"))

    def install(self, *what: str) -> None:
        """Install requirements or files, with options of `uv pip install`.

        Raises:
            EnvironmentFailedError: that does not work; the message has what uv said.
        """
        self._uv("pip", "install", "--quiet", "--no-config", "--python", self.python, *what)

    def versions(self) -> dict[str, str]:
        """Return what is installed: names, as on the index, and versions."""
        listed = self._uv("pip", "list", "--quiet", "--no-config", "--format", "json", "--python", self.python)
        return {entry["name"].lower(): entry["version"] for entry in json.loads(listed)}

    def run(self, *command: str, cwd: Path, log: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command with the environment's programs first on PATH; its output goes to `log`, or is returned."""
        kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
        environment = kept | {"PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}"}
        if log is None:
            return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
        with log.open("w") as file:
            return subprocess.run(
                command, cwd=cwd, env=environment, stdout=file, stderr=subprocess.STDOUT, text=True, check=False
            )

    def _uv(self, *arguments: str) -> str:
        done = subprocess.run([sys.executable, "-m", "uv", *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise EnvironmentFailedError(f"{_shown(arguments)}: {done.stderr.strip()}")
        return done.stdout


def _shown(arguments: Sequence[str]) -> str:
    return " ".join(["uv", *arguments])
