"""The layers: imports point downward only, the core does no I/O, and importing the package loads nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = "deepgram_anyio"

# Lowest first; "" is the package's own __init__, the public API. `local` and `audio` stand beside them, see _problem.
LAYERS = [
    *("_version", "_extras", "errors", "protocol", "telemetry", "transport", "config", "services", "client", ""),
    *("sync", "bulk", "testing", "_pytest", "cli", "__main__"),
]
LOCAL_MAY_IMPORT = {"_extras", "_version", "errors", "protocol", "transport", "local"}
AUDIO_MAY_IMPORT = {"_extras", "_version", "errors", "protocol", "transport", "audio"}
MAY_IMPORT_AUDIO = {"audio", "sync", "cli"}
MAY_IMPORT_LOCAL = {"local", "testing", "cli", "__main__"}
MAY_IMPORT_LOCAL_LAZILY = {"client", "sync"}

NOT_IN_THE_CORE = {
    *("asyncio", "concurrent", "multiprocessing", "queue", "sched", "threading", "_thread", "contextvars"),
    *("http", "select", "selectors", "signal", "socket", "socketserver", "ssl", "subprocess"),
    *("random", "secrets", "time", "uuid"),
}
# The vendor's captions are pure text work, and optional: only who asks for captions needs them.
IN_FUNCTIONS_OF_THE_CORE = {"deepgram_captions"}
HEAVY = {"anyio", "asyncio", "httpx", "socket", "ssl", "trio", "wsproto"}


class Import(NamedTuple):
    module: str
    line: int
    lazy: bool


class Module(NamedTuple):
    name: str
    path: Path

    @property
    def layer(self) -> str:
        return self.name.partition(".")[2].partition(".")[0]


def _modules() -> list[Module]:
    found = []
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found.append(Module(".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return found


MODULES = _modules()
NAMES = {module.name for module in MODULES}


def _imports(module: Module) -> list[Import]:
    package = module.name if module.path.name == "__init__.py" else module.name.rpartition(".")[0]
    return list(_walk(ast.parse(module.path.read_text("utf-8")), package, lazy=False))


def _walk(node: ast.AST, package: str, *, lazy: bool) -> Iterator[Import]:
    """Every import below a node; lazy are those that importing the module does not carry out."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.name, node.lineno, lazy)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            start = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
            base = f"{start}.{base}" if base else start
        for alias in node.names:
            full = f"{base}.{alias.name}"
            yield Import(full if full in NAMES else base, node.lineno, lazy)
    lazy = lazy or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) or _is_type_checking(node)
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, package, lazy=lazy)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def _problem(layer: str, target: str, *, lazy: bool) -> str | None:
    """Why a module of that layer may not import from the target layer; None when it may."""
    if target == "local":
        if layer in MAY_IMPORT_LOCAL or (layer in MAY_IMPORT_LOCAL_LAZILY and lazy):
            return None
        return "only a function of the client may import the embedded server" if not lazy else "it is not below"
    if layer == "local":
        return None if target in LOCAL_MAY_IMPORT else "the embedded server stands beside the client"
    if target == "audio":
        return None if layer in MAY_IMPORT_AUDIO else "a client without sound has nothing to do with it"
    if layer == "audio":
        return None if target in AUDIO_MAY_IMPORT else "sound stands beside the transport"
    if LAYERS.index(target) > LAYERS.index(layer):
        return "imports point downward only"
    return None


def _may_be_in_the_core(top: str, *, lazy: bool) -> bool:
    if top in IN_FUNCTIONS_OF_THE_CORE:
        return lazy
    return top in {PACKAGE, "msgspec"} or (top in sys.stdlib_module_names and top not in NOT_IN_THE_CORE)


def _fresh(code: str) -> set[str]:
    """The modules that some code loads in an interpreter of its own."""
    report = f"import sys; before = set(sys.modules)\n{code}\nprint(*(set(sys.modules) - before))"
    answer = subprocess.run([sys.executable, "-c", report], cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return set(answer.stdout.split())


def test_every_module_has_a_layer() -> None:
    assert {module.layer for module in MODULES} <= {*LAYERS, "local", "audio"}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_imports_point_downward(module: Module) -> None:
    wrong = []
    for found in _imports(module):
        top, _, rest = found.module.partition(".")
        if top == PACKAGE:
            problem = _problem(module.layer, rest.partition(".")[0], lazy=found.lazy)
            if problem:
                wrong.append(f"{module.path.relative_to(ROOT)}:{found.line} imports {found.module}: {problem}")
    assert wrong == []


@pytest.mark.parametrize("module", [m for m in MODULES if m.layer == "protocol"], ids=lambda module: module.name)
def test_the_core_is_sans_io(module: Module) -> None:
    wrong = []
    for found in _imports(module):
        top = found.module.partition(".")[0]
        if not _may_be_in_the_core(top, lazy=found.lazy):
            wrong.append(f"{module.path.relative_to(ROOT)}:{found.line} imports {found.module}")
    assert wrong == []


def test_the_rules_tell_right_from_wrong() -> None:
    assert _problem("client", "services", lazy=False) is None
    assert _problem("services", "client", lazy=True)
    assert _problem("client", "local", lazy=True) is None
    assert _problem("client", "local", lazy=False)
    assert _problem("transport", "local", lazy=True)
    assert _problem("local", "client", lazy=True)
    assert _problem("local", "protocol", lazy=False) is None
    assert _problem("sync", "audio", lazy=False) is None
    assert _problem("client", "audio", lazy=True)
    assert _problem("audio", "transport", lazy=False) is None
    assert _problem("audio", "services", lazy=True)
    assert _problem("audio", "local", lazy=True)
    assert _problem("local", "audio", lazy=True)
    assert _may_be_in_the_core("deepgram_captions", lazy=True)
    assert not _may_be_in_the_core("deepgram_captions", lazy=False)
    assert not _may_be_in_the_core("httpx", lazy=True)
    assert not _may_be_in_the_core("socket", lazy=True)
    source = (
        "from ..client import A\nfrom . import errors\nif TYPE_CHECKING:\n    import ssl\ndef f():\n    import socket"
    )
    found = list(_walk(ast.parse(source), f"{PACKAGE}.sync", lazy=False))
    assert found == [
        (f"{PACKAGE}.client", 1, False),
        (f"{PACKAGE}.sync", 2, False),
        ("ssl", 4, True),
        ("socket", 6, True),
    ]


def test_the_core_loads_no_sockets() -> None:
    names = [module.name for module in MODULES if module.layer == "protocol"]
    loaded = _fresh("\n".join(f"import {name}" for name in names))
    assert set(names) <= loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize("name", [PACKAGE, f"{PACKAGE}.transport.settings"])
def test_importing_the_package_is_lazy(name: str) -> None:
    loaded = _fresh(f"import {name}")
    assert name in loaded
    assert loaded & HEAVY == set()


def test_the_package_itself_imports_nothing() -> None:
    program = "import sys; before = set(sys.modules); import deepgram_anyio; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["__future__", "deepgram_anyio", "deepgram_anyio._version"]


def test_every_logger_is_silent_until_the_program_configures_logging() -> None:
    loggers = [path for path in (ROOT / PACKAGE).rglob("*.py") if 'logging.getLogger("' in path.read_text("utf-8")]
    assert loggers == []  # `transport.logs.project_logger` makes them
    program = "from deepgram_anyio.services.connection import _logger; _logger.error('not to be seen')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr == ""
