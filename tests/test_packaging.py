"""What is built and shipped: the whole package, nothing else, small, the same every time, with true metadata."""

from __future__ import annotations

import email
import email.message
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pytest

from deepgram_anyio._version import __version__

ROOT = Path(__file__).parent.parent
PACKAGE = "deepgram_anyio"
DIST_INFO = f"{PACKAGE}-{__version__}.dist-info"
MAX_WHEEL_BYTES = 300_000
LONG_AGO = "1700000000"
FOUR = ["anyio", "httpx", "msgspec", "wsproto"]

# What importing the public API loads from site-packages beyond what its dependencies load by themselves: httpx takes
# rich and click for its own command line when it finds them.
LOADED = """
import importlib.metadata, sys
import anyio, httpx, msgspec, wsproto, ssl, asyncio
before = set(sys.modules)
import deepgram_anyio, deepgram_anyio.client
for name in deepgram_anyio.__all__:
    getattr(deepgram_anyio, name)
tops = {name.partition(".")[0] for name in set(sys.modules) - before}
owners = importlib.metadata.packages_distributions()
print(*{owner.lower() for top in tops for owner in owners.get(top, ())} - {"deepgram-anyio", "deepgram-anyio-extras"})
"""


class Built(NamedTuple):
    """The wheel of the client, and that of what comes with extras."""

    core: Path
    extras: Path


def _build(folder: Path, *, release: bool = True) -> Built:
    environment = os.environ | {"SOURCE_DATE_EPOCH": LONG_AGO, "DEEPGRAM_ANYIO_RELEASE": "1" if release else ""}
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    for project in (ROOT, ROOT / "extras"):
        done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return Built(next(folder.glob(f"{PACKAGE}-*.whl")), next(folder.glob(f"{PACKAGE}_extras-*.whl")))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return _build(tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="module")
def wheel(built: Built) -> Path:
    return built.core


def _metadata(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> email.message.Message:
    return _metadata(wheel)


def _names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_the_two_wheels_hold_the_whole_package_and_nothing_else(built: Built) -> None:
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / PACKAGE).rglob("*") if path.is_file()}
    sources = {name for name in sources if "__pycache__" not in name and not name.endswith(".wav")}
    core, extras = map(_names, built)
    assert core | extras == sources
    assert core & extras == set()
    assert f"{PACKAGE}/py.typed" in core


def test_what_comes_with_extras_stands_beside_the_client_or_on_top(built: Built) -> None:
    core, extras = map(_names, built)
    folders = {name.split("/")[1] for name in extras}
    assert folders == {"audio", "bulk", "cli", "local", "sync", "testing"}
    beside = {name for name in core if name.split("/")[1] in folders}
    assert beside == {f"{PACKAGE}/{folder}/__init__.py" for folder in folders}


def test_both_wheels_have_the_license(built: Built) -> None:
    for path in built:
        with zipfile.ZipFile(path) as archive:
            name = next(name for name in archive.namelist() if name.endswith(".dist-info/licenses/LICENSE"))
            assert archive.read(name) == (ROOT / "LICENSE").read_bytes()


def test_the_wheels_hold_no_tests(built: Built) -> None:
    parts = [PurePosixPath(name).parts for wheel in built for name in _names(wheel)]
    assert [path for path in parts if "tests" in path or path[-1].startswith(("test_", "conftest"))] == []


def test_the_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < MAX_WHEEL_BYTES


def test_building_again_gives_the_same_bytes(built: Built, tmp_path: Path) -> None:
    again = _build(tmp_path)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in built]


def test_the_wheel_needs_the_four_and_the_rest_only_with_extras(metadata: email.message.Message) -> None:
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert sorted(re.split(r"[<>=]", line)[0] for line in required) == FOUR
    assert all(re.fullmatch(r"[a-z]+>=[\d.]+", line) for line in required)  # bounds from below only


def test_a_release_finds_its_second_distribution_on_the_index(built: Built, metadata: email.message.Message) -> None:
    lines = [line for line in metadata.get_all("Requires-Dist", []) if line.startswith("deepgram-anyio-extras")]
    bringing = {line.rpartition("'")[0].rpartition("'")[2]: line.partition(";")[0].strip() for line in lines}
    assert bringing.keys() - {"dev"} == {"audio", "bulk", "cli", "dask", "local", "sync", "testing"}
    assert set(bringing.values()) == {f"deepgram-anyio-extras=={__version__}"}
    other = _metadata(built.extras)
    assert (other["Name"], other["Version"]) == ("deepgram-anyio-extras", __version__)
    assert other.get_all("Requires-Dist", []) == [f"deepgram-anyio=={__version__}"]


def test_a_checkout_finds_its_second_distribution_in_itself(tmp_path: Path) -> None:
    metadata = _metadata(_build(tmp_path, release=False).core)
    lines = [line for line in metadata.get_all("Requires-Dist", []) if line.startswith("deepgram-anyio-extras")]
    where = f"deepgram-anyio-extras @ {(ROOT / 'extras').as_uri()}"
    assert {line.partition(";")[0].strip() for line in lines} == {where}


def test_the_metadata_is_right(metadata: email.message.Message) -> None:
    assert metadata["Name"] == "deepgram-anyio"
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "MIT"
    assert metadata["License-File"] == "LICENSE"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload(decode=True) == (ROOT / "README.md").read_bytes()


def test_the_pythons_that_are_named_are_those_that_are_tried(metadata: email.message.Message) -> None:
    named = re.findall(r"Python :: (3\.\d+)$", "\n".join(metadata.get_all("Classifier", [])), re.MULTILINE)
    assert metadata["Requires-Python"] == f">={named[0]}"
    tried = re.search(r"^PYTHONS = (.*)$", (ROOT / "scripts" / "compat.py").read_text("utf-8"), re.MULTILINE)
    assert tried is not None
    assert re.findall(r"[\d.]+", tried[1]) == named


def test_every_program_and_plugin_of_the_wheel_is_there(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        points = archive.read(f"{DIST_INFO}/entry_points.txt").decode()
    modules = re.findall(rf"= ({PACKAGE}[\w.]*)", points)
    names = _names(wheel)
    assert {f"{PACKAGE}.__main__", f"{PACKAGE}._pytest"} == set(modules)
    assert [module for module in modules if f"{module.replace('.', '/')}.py" not in names] == []


def test_the_public_names_load_nothing_of_the_extras() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) <= {*FOUR, "sniffio"}  # which httpcore takes when it finds it


# The wheel alone, as it comes: what is beside the client says which extra brings it, whatever is imported of it.
ALONE = """
import sys
sys.path.insert(0, sys.argv[1])
import importlib, deepgram_anyio
assert deepgram_anyio.__file__.startswith(sys.argv[1])
for name in sys.argv[2:]:
    try:
        exec(name)
    except ImportError as error:
        print(error)
"""
LOCAL = """
import anyio, deepgram_anyio
async def main():
    async with deepgram_anyio.DeepgramClient.local():
        pass
anyio.run(main)
"""
TRIES = {
    "import deepgram_anyio.sync": "sync",
    "from deepgram_anyio import local": "local",
    "from deepgram_anyio.sync import LiveOptions": "sync",
    "from deepgram_anyio.local.faults import fault_proxy": "local",
    "import deepgram_anyio.testing.plugin": "testing",
    "from deepgram_anyio.bulk import transcribe_many": "bulk",
    "from deepgram_anyio.audio import Microphone": "audio",
    "import deepgram_anyio.cli.app": "cli",
}


@pytest.fixture(scope="module")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def _run(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(site)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=site, env=environment, capture_output=True, text=True, check=False)


def test_what_is_missing_names_its_extra(alone: Path) -> None:
    done = _run(alone, "-c", ALONE, str(alone), *TRIES)
    assert done.returncode == 0, done.stderr
    said = [
        re.fullmatch(r'(deepgram_anyio\.\w+) is not installed: pip install "(.*)"', line)
        for line in done.stdout.splitlines()
    ]
    assert [found and found[2] for found in said] == [f"deepgram-anyio[{extra}]" for extra in TRIES.values()]


def test_the_client_names_the_extra_of_the_embedded_server(alone: Path) -> None:
    done = _run(alone, "-c", LOCAL)
    last = done.stderr.splitlines()[-1]
    assert last == (
        'deepgram_anyio.errors.ConfigError: deepgram_anyio.local is not installed: pip install "deepgram-anyio[local]"'
    )


def test_the_program_names_its_extra(alone: Path) -> None:
    done = _run(alone, "-m", "deepgram_anyio")
    assert done.returncode == 2
    assert done.stderr == 'deepgram_anyio.cli is not installed: pip install "deepgram-anyio[cli]"\n'


@pytest.mark.parametrize(("test_kit", "fixture"), [(False, ""), (True, "deepgram_server")], ids=["alone", "with it"])
def test_pytest_works_with_and_without_the_test_kit(built: Built, tmp_path: Path, test_kit: bool, fixture: str) -> None:
    for wheel in built if test_kit else built[:1]:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(tmp_path)
    lines = (
        f"def test_it({fixture}):",
        "    import deepgram_anyio",
        "    assert deepgram_anyio.__file__.startswith(__file__[:-10])",
    )
    (tmp_path / "test_it.py").write_text("\n".join(lines), encoding="utf-8")
    done = _run(tmp_path, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", "-q", "test_it.py")
    assert done.returncode == 0, done.stdout + done.stderr
