"""Build what is released, and try it as somebody who installs it would: the sdist, its wheel, and that of the extras.

    python scripts/dist.py [--folder dist]

Every step says what it found, or what is wrong, and then the command fails. What is cheap to check is in
tests/test_packaging.py.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from compat_environment import ROOT, EnvironmentFailedError, Fresh
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

__all__ = ["Built", "build", "main"]

NAME = "deepgram-anyio"
EXTRAS = "cli,local"
MAX_WHEEL_BYTES = 300_000

# Every public name loads; of all other modules, only those fail that need what an extra brings, and they say so.
IMPORT_ALL = """
import importlib, pkgutil, sys
import deepgram_anyio, deepgram_anyio.client
assert "site-packages" in deepgram_anyio.__file__, deepgram_anyio.__file__
for name in deepgram_anyio.__all__:
    getattr(deepgram_anyio, name)
loaded, needy, broken = 0, 0, []
for module in pkgutil.walk_packages(deepgram_anyio.__path__, "deepgram_anyio.", onerror=lambda name: None):
    try:
        importlib.import_module(module.name)
        loaded += 1
    except ModuleNotFoundError as error:
        needy += 1
        if (error.name or "deepgram_anyio").startswith("deepgram_anyio") and "deepgram-anyio[" not in str(error):
            broken.append(f"{module.name}: {error}")
    except deepgram_anyio.ConfigError as error:
        needy += 1
        if "deepgram-anyio[" not in str(error):
            broken.append(f"{module.name}: {error}")
print(f"{loaded} modules load, {needy} need an extra")
sys.exit("\\n".join(broken) or 0)
"""


class Built(NamedTuple):
    """What one build made."""

    wheel: Path
    sdist: Path
    extras: Path


def build(folder: Path, *options: str) -> Built:
    """Build all into a folder, as for a release, with the last commit's time in place of today's.

    Args:
        folder: where they go.
        options: of `python -m build`; with none, the wheel is made of the sdist.

    Raises:
        EnvironmentFailedError: the build failed.
    """
    settings = os.environ | {"SOURCE_DATE_EPOCH": _commit_time(), "DEEPGRAM_ANYIO_RELEASE": "1"}
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)]
    _said([*command, *options], cwd=ROOT, env=settings)
    _said([*command, "--wheel", "extras"], cwd=ROOT, env=settings)
    return Built(*(next(folder.glob(f"deepgram_anyio{kind}")) for kind in ("-*.whl", "-*.tar.gz", "_extras-*.whl")))


def _commit_time() -> str:
    told = os.environ.get("SOURCE_DATE_EPOCH")
    return told or _said(["git", "log", "-1", "--format=%ct"], cwd=ROOT).strip()


def _said(command: Sequence[str], *, cwd: Path, env: dict[str, str] | None = None) -> str:
    return _checked(subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False))


def _checked(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode != 0:
        raise EnvironmentFailedError(f"{' '.join(map(str, done.args))[:200]}\n{done.stdout}{done.stderr}".rstrip())
    return done.stdout


def check_builds(built: Built, folder: Path) -> str:
    """Build again, this time the wheel of the checkout itself, and compare byte by byte.

    Raises:
        EnvironmentFailedError: they differ, or the wheel is too large.
    """
    again = build(folder, "--sdist", "--wheel")
    for one, other in zip(built, again, strict=True):
        if one.read_bytes() != other.read_bytes():
            raise EnvironmentFailedError(f"{one.name} is another one when it is built again")
    if built.wheel.stat().st_size >= MAX_WHEEL_BYTES:
        raise EnvironmentFailedError(f"{built.wheel.name} is {MAX_WHEEL_BYTES:,} bytes or more")
    return "\n".join(f"{path.name}: {path.stat().st_size:,} bytes, sha256 {_digest(path)}" for path in built)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_alone(built: Built, folder: Path) -> str:
    """Install the wheel without any extra: what comes with it, and what can be imported then.

    Raises:
        EnvironmentFailedError: there is more or less than is asked for, or an import fails for a wrong reason.
    """
    environment = Fresh(folder / "alone", sys.executable)
    environment.install(str(built.wheel))
    installed = set(environment.versions())
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    place = _checked(environment.run("python", "-c", where, cwd=folder))
    wanted = set(_closure(NAME, place.strip(), set()))
    if installed != wanted:
        raise EnvironmentFailedError(f"installed {sorted(installed)}, asked for {sorted(wanted)}")
    imported = _checked(environment.run("python", "-c", IMPORT_ALL, cwd=folder)).strip()
    return f"alone it brings {', '.join(sorted(installed - {NAME}))}; {imported}"


def _closure(name: str, place: str, seen: set[str]) -> Iterator[str]:
    """Yield the names of a distribution and of all that it requires, without extras."""
    if name in seen:
        return
    seen.add(name)
    yield name
    found = next(iter(importlib.metadata.distributions(name=name, path=[place])), None)
    if found is None:
        raise EnvironmentFailedError(f"{name} is required, and not installed")
    for line in found.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield from _closure(canonicalize_name(requirement.name), place, seen)


def check_doctor(built: Built, folder: Path, *, source: Path) -> str:
    """Install wheel or sdist with the command line and the embedded server, and let the doctor look at them.

    Raises:
        EnvironmentFailedError: something that the doctor looks at has failed.
    """
    environment = Fresh(folder / f"doctor{source.suffix}", sys.executable)
    environment.install("--find-links", str(built.extras.parent), f"{NAME}[{EXTRAS}] @ {source.as_uri()}")
    program = str(environment.folder / NAME)
    said = _checked(environment.run(program, "doctor", "--local", cwd=folder)).rstrip()
    return f"{source.name}, with [{EXTRAS}]:\n{said}"


def check_checkout(folder: Path) -> str:
    """Install the checkout with an extra, which has to find the second distribution in the checkout.

    Raises:
        EnvironmentFailedError: it does not install, or the extra's code is not there.
    """
    environment = Fresh(folder / "checkout", sys.executable)
    environment.install(f"{NAME}[sync] @ {ROOT.as_uri()}")
    program = "import deepgram_anyio.sync as sync; print(sync.__file__, len(sync.__all__))"
    place, names = _checked(environment.run("python", "-c", program, cwd=folder)).split()
    if not Path(place).is_relative_to(folder):
        raise EnvironmentFailedError(f"deepgram_anyio.sync was imported from {place}")
    return f"the checkout installs, and [sync] brings {names} names"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "dist", help="where wheel and sdist go (default: dist)")
    folder: Path = parser.parse_args(arguments).folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("*.whl"), *folder.glob("*.tar.gz")):
        old.unlink()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            place = Path(scratch)
            built = build(folder)
            _say(check_builds(built, place / "again"))
            _say(_said([sys.executable, "-m", "twine", "check", "--strict", *map(str, built)], cwd=ROOT).strip())
            _say(check_alone(built, place))
            _say(check_checkout(place))
            for source in (built.wheel, built.sdist):
                _say(check_doctor(built, place, source=source))
    except EnvironmentFailedError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
