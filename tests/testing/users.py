"""A user's machine: the package is installed, with its plugin, and perhaps without the packages of the extra local."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

__all__ = ["ROOT", "machine", "run_pytest"]

ROOT = Path(__file__).parent.parent.parent
# Nothing of these may be imported: no recogniser, no voice, no codecs, no analysis.
_ABSENT = ("av", "espeakng_loader", "numpy", "piper", "pocketsphinx", "soxr", "textblob", "yake")
_KEPT = ("anyio", "deepgram_anyio")
_SITECUSTOMIZE = f"""
import importlib.abc, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {_ABSENT}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
"""


def machine(folder: Path, *, bare: bool = False) -> dict[str, str]:
    """Return the environment of a user's programs.

    Args:
        folder: for what there is only here.
        bare: without the packages that the scripted server does without.
    """
    site = folder / "site"
    site.mkdir(exist_ok=True)
    if not any(point.name == "deepgram_anyio" for point in importlib.metadata.entry_points(group="pytest11")):
        _pretend_to_be_installed(site)
    if bare:
        (site / "sitecustomize.py").write_text(_SITECUSTOMIZE, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DEEPGRAM", "PYTEST"))}
    return {**environment, "PYTHONPATH": f"{site}{os.pathsep}{ROOT}"}


def run_pytest(folder: Path, *arguments: str, bare: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a fresh pytest in a folder that has no settings of ours."""
    own = ["-W", "error", "-c", os.devnull, "--rootdir", str(folder), "-q"]
    others = [point.name for point in importlib.metadata.entry_points(group="pytest11") if point.name not in _KEPT]
    for plugin in ("cacheprovider", *others):
        own += ["-p", f"no:{plugin}"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *own, *arguments],
        cwd=folder,
        env=machine(folder, bare=bare),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _pretend_to_be_installed(site: Path) -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r"^\[project\.entry-points\.pytest11\]\n((?:\w+ = .*\n)+)", project, re.MULTILINE)
    assert found is not None
    info = site / "deepgram_anyio-0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: deepgram-anyio\nVersion: 0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[pytest11]\n" + found[1].replace('"', ""), encoding="utf-8")
