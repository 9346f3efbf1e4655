"""The bootstrap script: which Python it takes, what it says when stuck, and that a second run does nothing."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts" / "bootstrap.py"
RUNNING = sys.version_info[:3]


def _load() -> Any:
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


bootstrap = _load()
OLD = bootstrap.Interpreter("/usr/bin/python3", (3, 8, 18))


def _old_pythons() -> list[str]:
    """Interpreters on this machine that are too old: on PATH, or where pyenv keeps its own."""
    names = ["python2", *(f"python3.{minor}" for minor in range(6, 10))]
    found = [path for name in names if (path := shutil.which(name))]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found += [str(path) for path in pyenv.glob("versions/*/bin/python")]
    return sorted({path for path in found if _is_too_old(path)})


def _is_too_old(path: str) -> bool:
    answer = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    version = re.match(r"Python (\d+)\.(\d+)", answer.stdout + answer.stderr)  # Python 2 answers on stderr
    return version is not None and (int(version[1]), int(version[2])) < (3, 10)


class Environment:
    """A directory that looks like a virtual environment, whose Python notes how it is called and answers as told."""

    def __init__(self, path: Path, *, version: tuple[int, ...] = RUNNING, pip: str | None = "25.0") -> None:
        self.path = path
        self._calls = path / "calls"
        self._answer = path / "answer"
        (path / "bin").mkdir(parents=True)
        (path / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {'.'.join(map(str, version))}\n")
        python = path / "bin" / "python"
        python.write_text(f'#!/bin/sh\necho "$@" >>"{self._calls}"\ncat "{self._answer}"\ntest ! -e "{path}/fail"\n')
        python.chmod(python.stat().st_mode | stat.S_IXUSR)
        self._answer.write_text("")
        if pip:
            (path / "lib" / "python3" / "site-packages" / f"pip-{pip}.dist-info").mkdir(parents=True)

    @property
    def calls(self) -> list[str]:
        return self._calls.read_text().splitlines() if self._calls.exists() else []

    @property
    def stamped(self) -> bool:
        return (self.path / "bootstrap.json").exists()

    def fail_with(self, output: str) -> None:
        self._answer.write_text(output)
        (self.path / "fail").touch()

    def run(self, *options: str) -> int:
        return int(bootstrap.main(["--venv", str(self.path), *options]))


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path / "venv")


def test_a_running_python_that_is_new_enough_is_taken() -> None:
    running = bootstrap.Interpreter("/opt/python", (3, 14, 0))
    assert bootstrap.choose_python(running, pytest.fail) is running


def test_the_newest_working_python_on_the_path_replaces_an_old_one() -> None:
    known = {
        "python3.13": None,
        "python3.12": bootstrap.Interpreter("/misnamed", (3, 9, 1)),
        "python3.11": bootstrap.Interpreter("/found", (3, 11, 2)),
        "python3.10": bootstrap.Interpreter("/older", (3, 10, 0)),
    }
    assert bootstrap.choose_python(OLD, known.get).path == "/found"


def test_no_usable_python_is_said_plainly() -> None:
    with pytest.raises(
        bootstrap.BootstrapError, match=r"3\.10 or newer is needed; this is 3\.8\.18 at /usr/bin/python3"
    ):
        bootstrap.choose_python(OLD, lambda _: None)


def test_probing_finds_out_what_works(tmp_path: Path) -> None:
    shim = tmp_path / "python3.13"
    shim.write_text("#!/bin/sh\necho 'python3.13: command not found'\nexit 127\n")
    shim.chmod(0o755)
    assert bootstrap.probe(sys.executable).version == RUNNING
    assert bootstrap.probe(str(shim)) is None
    assert bootstrap.probe(str(tmp_path / "absent")) is None


def test_the_script_parses_on_old_pythons() -> None:
    ast.parse(SCRIPT.read_text(), feature_version=(3, 6))


def test_a_real_python_that_is_too_old_explains_itself(tmp_path: Path) -> None:
    pythons = _old_pythons()
    if not pythons:
        pytest.skip("every Python here is new enough")
    for python in pythons:
        answer = subprocess.run(
            [python, str(SCRIPT), "--venv", str(tmp_path / "venv")],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        )
        assert answer.returncode == 1, python
        assert "Python 3.10 or newer is needed; this is " in answer.stderr, python
        assert "Traceback" not in answer.stderr, python
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            "  ERROR: Failed building wheel for soxr\nERROR: Could not build wheels",
            r"^soxr has no wheel for Python 3\.8",
        ),
        ("error: failed-wheel-build-for-install\n╰─> soxr\nFailed to build soxr", "^soxr has no wheel"),
        (
            "ERROR: Failed to build installable wheels for some pyproject.toml based projects (pocketsphinx)",
            "^pocketsphinx has no wheel",
        ),
        (
            "Collecting numpy>=1.26\n  Downloading\nCollecting uvloop>=0.21\nerror: metadata-generation-failed",
            "^uvloop has no wheel",
        ),
        ("ERROR: No matching distribution found for onnxruntime>=1.16", "^onnxruntime has no release for Python 3"),
        (
            "Retrying ... NewConnectionError\nERROR: No matching distribution found for anyio",
            "could not reach the package",
        ),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk space"),
        ("ERROR: something new", r"^pip failed\.$"),
    ],
)
def test_a_failure_of_pip_is_explained(output: str, expected: str) -> None:
    assert re.search(expected, bootstrap.explain_pip(output.splitlines(), OLD))


def test_a_python_without_venv_is_explained() -> None:
    output = ["The virtual environment was not created successfully because ensurepip is not available."]
    assert "apt install python3.8-venv" in bootstrap.explain_venv(output, OLD)
    assert "strange" in bootstrap.explain_venv(["strange"], OLD)


def test_a_failing_pip_ends_the_run(environment: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    environment.fail_with("Collecting soxr\n  cc: not found\nERROR: Failed building wheel for soxr\n")
    assert environment.run("--extras", "local") == 1
    stderr = capsys.readouterr().err
    assert "soxr has no wheel" in stderr
    assert "  cc: not found" in stderr
    assert "cc: not found" in (environment.path / "bootstrap.log").read_text()
    assert not environment.stamped


def test_a_second_run_starts_nothing(environment: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    assert environment.run("--extras", "dev,neural") == 0
    assert len(environment.calls) == 1
    assert environment.calls[0].endswith(f"-e {SCRIPT.parent.parent}[dev,neural]")
    capsys.readouterr()
    assert environment.run("--extras", "neural, dev") == 0
    assert environment.run("--extras", "neural") == 0
    assert len(environment.calls) == 1
    assert capsys.readouterr().out == ""


def test_more_extras_are_added_to_those_installed(environment: Environment) -> None:
    environment.run("--extras", "dev")
    environment.run("--extras", "neural")
    assert environment.calls[1].endswith("[dev,neural]")
    environment.run("--extras", "dev")
    assert len(environment.calls) == 2


def test_a_stamp_of_other_inputs_does_not_count(environment: Environment) -> None:
    environment.run("--extras", "dev,neural")
    stamp = environment.path / "bootstrap.json"
    stamp.write_text(json.dumps({**json.loads(stamp.read_text()), "key": "other"}))
    environment.run("--extras", "dev")
    assert environment.calls[1].endswith("[dev]")
    stamp.write_text("{broken")
    environment.run("--extras", "dev")
    assert len(environment.calls) == 3


def test_packages_in_place_of_the_checkout(environment: Environment) -> None:
    environment.run("--package", "one==1", "--package", "two")
    assert environment.calls[0].endswith("--prefer-binary one==1 two")
    environment.run("--package", "one==1", "--package", "two")
    assert len(environment.calls) == 1
    environment.run("--package", "one==2", "--package", "two")
    assert len(environment.calls) == 2


def test_an_old_pip_is_replaced_first(tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv", pip="21.2.4")
    assert environment.run() == 0
    assert [call.rsplit(" ", 1)[1] for call in environment.calls] == ["pip", str(SCRIPT.parent.parent)]


def test_a_directory_with_something_else_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").touch()
    assert bootstrap.main(["--venv", str(tmp_path)]) == 1
    assert "is not a virtual environment" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["thesis.txt"]


def test_an_environment_of_another_python_is_cleared_only_when_made_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = Environment(tmp_path / "venv", version=(3, 9, 1))
    commands: list[list[str]] = []

    def note(command: list[str], _verbose: bool) -> tuple[int, list[str]]:
        commands.append(command)
        return 0, []

    monkeypatch.setattr(bootstrap, "run", note)
    assert environment.run() == 1
    assert "another Python (3.9.1)" in capsys.readouterr().err
    assert commands == []
    (environment.path / "bootstrap.json").write_text("{}")
    assert environment.run() == 0
    assert commands[0] == [sys.executable, "-m", "venv", "--clear", str(environment.path)]
