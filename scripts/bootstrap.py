#!/usr/bin/env python3
"""Make the virtual environment that the Makefile works in, or say in plain words why that cannot be done.

    python scripts/bootstrap.py --venv .venv --extras dev,neural

It runs on whatever Python is at hand, with the standard library alone, and looks for a newer one when that is too old.
Hence the type comments and the old spellings: this file has to parse, and to explain itself, even on Python 2. A second
run finds its stamp in the environment and does nothing.
"""

from __future__ import print_function

import argparse
import glob
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import time

if sys.version_info < (3, 6):
    sys.exit("Python 3.10 or newer is needed; this is {} at {}".format(platform.python_version(), sys.executable))

from typing import Callable, NamedTuple, Tuple  # noqa: F401 - Callable stands in a type comment

__all__ = ["BootstrapError", "Interpreter", "choose_python", "explain_pip", "explain_venv", "main"]

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MINIMUM = (3, 10)
CANDIDATES = ("python3.13", "python3.12", "python3.11", "python3.10")
OLDEST_PIP = 25  # older ones take half as long again; before 23, they do not say which build failed
STAMP = "bootstrap.json"
LOG = "bootstrap.log"
LAST_LINES = 12
BUILT_FROM = ("pyproject.toml", "hatch_build.py", "extras/pyproject.toml", "extras/hatch_build.py")

NETWORK_SIGNS = r"NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|SSLError"
BUILD_SIGNS = (
    r"Failed building wheel for ([\w.-]+)",
    r"Failed to build (?:installable wheels for some pyproject\.toml based projects \()?'?([\w.-]+)",
    r"Could not build wheels for ([\w.-]+)",
)
NO_RELEASE_SIGN = r"No matching distribution found for ([\w.-]+)"
WHEEL_ADVICE = (
    "Use a Python that there are wheels for, such as 3.12 or 3.13 (make PYTHON=python3.12), or leave out the extra\n"
    "that needs it: the client itself needs none (python scripts/bootstrap.py --venv .venv)."
)

Interpreter = NamedTuple("Interpreter", [("path", str), ("version", Tuple[int, ...])])
"""A Python: how to call it, and its version as three numbers."""


class BootstrapError(Exception):
    """What stops the bootstrap, as a message for a person."""


def main(argv=None):
    # type: (list[str] | None) -> int
    arguments = parse_arguments(argv)
    started = time.time()
    try:
        changed = bootstrap(arguments)
    except BootstrapError as error:
        print("error: {}".format(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the next run goes on from here", file=sys.stderr)
        return 130
    if changed:
        say("Ready after {:.0f} s.".format(time.time() - started))
    elif arguments.verbose:
        say("{} is up to date.".format(arguments.venv))
    return 0


def parse_arguments(argv):
    # type: (list[str] | None) -> argparse.Namespace
    parser = argparse.ArgumentParser(description="Make a virtual environment with this checkout installed in it.")
    add = parser.add_argument
    add("--venv", default=".venv", metavar="DIR", help="where the environment is, or goes (default: .venv)")
    add("--extras", default="", metavar="A,B", help="the checkout's extras to install with it")
    add("--package", action="append", default=[], help="install this in place of the checkout; may be repeated")
    add("--verbose", action="store_true", help="show everything that pip says")
    return parser.parse_args(argv)


def bootstrap(arguments):
    # type: (argparse.Namespace) -> bool
    """Bring the environment up to date; tell whether there was anything to do."""
    directory = os.path.abspath(arguments.venv)
    refuse_foreign(directory)
    python = choose_venv_python(directory)
    extras = {extra.strip() for extra in arguments.extras.split(",") if extra.strip()}
    key = stamp_key(python.version, arguments.package)
    installed = read_stamp(directory, key)
    if installed is None:
        create_venv(python, directory, arguments)
        installed = set()
    elif extras <= installed and os.path.exists(interpreter_of(directory)):
        return False
    extras |= installed
    checkout = ROOT + ("[{}]".format(",".join(sorted(extras))) if extras else "")
    pip_install(directory, python, arguments.package or ["-e", checkout], arguments)
    write_stamp(directory, key, extras)
    return True


def say(line):
    # type: (str) -> None
    print(line)
    sys.stdout.flush()  # pip may be silent for minutes after it


# --- which Python


def choose_venv_python(directory):
    # type: (str) -> Interpreter
    """The Python for the environment; an existing one keeps its own when the running Python is of no use."""
    running = Interpreter(sys.executable, tuple(sys.version_info[:3]))
    version = venv_version(directory)
    if running.version < MINIMUM and version is not None and version >= MINIMUM:
        return Interpreter(interpreter_of(directory), version)
    return choose_python(running, probe)


def choose_python(running, find):
    # type: (Interpreter, Callable[[str], Interpreter | None]) -> Interpreter
    """Return the running Python when it is new enough, else the newest known one that ``find`` makes out by its name.

    Raises:
        BootstrapError: there is none.
    """
    if running.version >= MINIMUM:
        return running
    for name in CANDIDATES:
        found = find(name)
        if found is not None and found.version >= MINIMUM:
            return found
    message = (
        "Python {} or newer is needed; this is {} at {}, and none of {} on PATH works.\n"
        "Install one, or name it: make PYTHON=/path/to/python3"
    )
    names = ", ".join(CANDIDATES)
    raise BootstrapError(message.format(dotted(MINIMUM), dotted(running.version), running.path, names))


def probe(name):
    # type: (str) -> Interpreter | None
    """Ask the interpreter of that name for itself. One may be on PATH and not work, as version managers' are."""
    code = "import json, sys; print(json.dumps([sys.executable, list(sys.version_info[:3])]))"
    try:
        answer = subprocess.check_output([name, "-c", code], stderr=subprocess.STDOUT)
        path, version = json.loads(answer.decode("utf-8"))
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None
    return Interpreter(path, tuple(version))


def dotted(version):
    # type: (tuple[int, ...]) -> str
    return ".".join(str(number) for number in version)


# --- the environment


def interpreter_of(directory):
    # type: (str) -> str
    return os.path.join(directory, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))


def venv_version(directory):
    # type: (str) -> tuple[int, ...] | None
    """The Python version of an environment that is there and whose interpreter still exists."""
    configuration = os.path.join(directory, "pyvenv.cfg")
    if not os.path.exists(configuration) or not os.path.exists(interpreter_of(directory)):
        return None
    with open(configuration) as lines:
        found = re.search(r"^version(?:_info)?\s*=\s*(\d+)\.(\d+)\.(\d+)", lines.read(), re.MULTILINE)
    return tuple(int(number) for number in found.groups()) if found else None


def pip_major(directory):
    # type: (str) -> int | None
    """The major version of the environment's pip, None when it is incomplete; quicker than asking pip."""
    library = "Lib" if os.name == "nt" else os.path.join("lib", "python*")
    folders = glob.glob(os.path.join(directory, library, "site-packages", "pip-*.dist-info"))
    majors = [re.findall(r"pip-(\d+)", os.path.basename(folder)) for folder in folders]
    return max([int(major) for found in majors for major in found] or [0]) or None


def refuse_foreign(directory):
    # type: (str) -> None
    """Never write into, or clear, a directory that holds something else."""
    if not os.path.exists(directory) or os.path.exists(os.path.join(directory, "pyvenv.cfg")):
        return
    if not os.path.isdir(directory) or os.listdir(directory):
        message = "{} is there and is not a virtual environment. Name another directory: --venv DIR"
        raise BootstrapError(message.format(directory))


def create_venv(python, directory, arguments):
    # type: (Interpreter, str, argparse.Namespace) -> None
    """Make the environment, or complete one that an interrupted run left."""
    options = []  # type: list[str]
    version = venv_version(directory)
    if version == python.version and pip_major(directory):
        return
    if version not in (None, python.version):
        if not os.path.exists(os.path.join(directory, STAMP)):
            message = "{} is a virtual environment of another Python ({}). Remove it, or name another: --venv DIR"
            raise BootstrapError(message.format(directory, dotted(version or ())))
        options = ["--clear"]
    say("Creating {} with Python {} ({})".format(arguments.venv, dotted(python.version), python.path))
    code, lines = run([python.path, "-m", "venv"] + options + [directory], arguments.verbose)
    if code != 0:
        raise BootstrapError(explain_venv(lines, python))


def explain_venv(lines, python):
    # type: (list[str], Interpreter) -> str
    """Say why no environment could be made, from what ``python -m venv`` printed."""
    text = "\n".join(lines)
    if "ensurepip" not in text and "No module named venv" not in text:
        return "no virtual environment could be made. The last lines:\n" + indented(lines[-LAST_LINES:])
    message = (
        "Python {} at {} comes without venv or ensurepip.\n"
        "On Debian and Ubuntu: apt install python{}-venv\n"
        "Or use another Python: make PYTHON=/path/to/python3"
    )
    return message.format(dotted(python.version), python.path, dotted(python.version[:2]))


# --- pip


def pip_install(directory, python, requirements, arguments):
    # type: (str, Interpreter, list[str], argparse.Namespace) -> None
    pip = [interpreter_of(directory), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    steps = [pip + ["--prefer-binary"] + requirements]
    if (pip_major(directory) or 0) < OLDEST_PIP:
        steps.insert(0, pip + ["--upgrade", "pip"])
    names = " ".join(name.replace(ROOT, "deepgram-anyio") for name in requirements if name != "-e")
    say("Installing {} into {} (a minute or two the first time)".format(names, arguments.venv))
    log = os.path.join(directory, LOG)
    for step in steps:
        code, lines = run(step, arguments.verbose)
        with open(log, "wb") as file:
            file.write("\n".join(lines).encode("utf-8"))
        if code != 0:
            message = "{}\npip's last lines:\n{}\nAll of them: {}"
            raise BootstrapError(message.format(explain_pip(lines, python), indented(lines[-LAST_LINES:]), log))


def explain_pip(lines, python):
    # type: (list[str], Interpreter) -> str
    """Say what made pip fail, and what to do, from what it printed."""
    text = "\n".join(lines)
    where = "Python {} on {} {}".format(dotted(python.version), platform.system(), platform.machine())
    if "No space left on device" in text:
        return "pip ran out of disk space."
    if re.search(NETWORK_SIGNS, text):
        return "pip could not reach the package index. Check the network, and the proxy or certificate that pip uses."
    absent = re.search(NO_RELEASE_SIGN, text)
    if absent:
        return "{} has no release for {}.\n{}".format(absent.group(1), where, WHEEL_ADVICE)
    package = failed_build(text)
    if package:
        message = "{} has no wheel for {}, and building it from its source failed.\n{}"
        return message.format(package, where, WHEEL_ADVICE)
    return "pip failed."


def failed_build(text):
    # type: (str) -> str | None
    """The package whose build failed: pip names it at the end, or else it is the one that was last collected."""
    for sign in BUILD_SIGNS:
        found = re.search(sign, text)
        if found:
            return found.group(1)
    if "metadata-generation-failed" in text or "subprocess-exited-with-error" in text:
        collected = re.findall(r"^Collecting ([\w.-]+)", text, re.MULTILINE)
        return collected[-1] if collected else None
    return None


def run(command, verbose):
    # type: (list[str], bool) -> tuple[int, list[str]]
    """Run a command and return its exit code and what it printed; show that only when asked to."""
    environment = dict(os.environ, PIP_USER="0")  # some hosts set it to 1, which pip cannot obey in an environment
    pipe = subprocess.PIPE
    lines = []  # type: list[str]
    with subprocess.Popen(command, stdout=pipe, stderr=subprocess.STDOUT, cwd=ROOT, env=environment) as process:
        assert process.stdout is not None
        for raw in process.stdout:
            lines.append(raw.decode("utf-8", "replace").rstrip())
            if verbose:
                say("  " + lines[-1])
    return process.returncode, lines


def indented(lines):
    # type: (list[str]) -> str
    return "\n".join("  " + line for line in lines)


# --- the stamp


def stamp_key(version, packages):
    # type: (tuple[int, ...], list[str]) -> str
    """A digest of everything that the environment's content depends on, but for the extras: those only ever grow."""
    digest = hashlib.sha256(json.dumps([ROOT, version, packages]).encode("utf-8"))
    if not packages:
        for path in BUILT_FROM:
            with open(os.path.join(ROOT, *path.split("/")), "rb") as file:
                digest.update(file.read())
    return digest.hexdigest()


def read_stamp(directory, key):
    # type: (str, str) -> set[str] | None
    """The extras that are installed; None when there is no stamp, or it was made from other inputs."""
    try:
        with open(os.path.join(directory, STAMP)) as file:
            stamp = json.load(file)  # type: dict[str, object]
    except (IOError, ValueError):
        return None
    return set(str(stamp["extras"]).split(",")) - {""} if stamp.get("key") == key else None


def write_stamp(directory, key, extras):
    # type: (str, str, set[str]) -> None
    with open(os.path.join(directory, STAMP), "w") as file:
        json.dump({"key": key, "extras": ",".join(sorted(extras))}, file)


if __name__ == "__main__":
    sys.exit(main())
