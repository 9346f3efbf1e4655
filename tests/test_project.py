"""The project's own promises: short files, public names that are declared, and papers that say what is true."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deepgram_anyio._version import __version__

ROOT = Path(__file__).parent.parent
FOLDERS = ["deepgram_anyio", "tests", "examples", "benchmarks", "scripts", "docs"]
PAPERS = ["README.md", "CONTRIBUTING.md"]
MAX_LINES = 500
TYPE_PARAMETERS = {"TypeVar", "ParamSpec", "TypeVarTuple"}

MODULES = sorted((ROOT / "deepgram_anyio").rglob("*.py"))


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def _public_names(tree: ast.Module) -> set[str]:
    """What a module defines at its top level and does not hide; imports and type parameters do not count.

    Neither does TYPE_CHECKING, which is an import mostly, and a constant where importing `typing` would take too long.
    """
    names = {name for node in tree.body for name in _bound(node) if not name.startswith("_")}
    return names - {"TYPE_CHECKING"}


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        yield node.name
    elif isinstance(node, (ast.Assign, ast.AnnAssign)) and not _is_type_parameter(node.value):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))
    elif isinstance(node, (ast.If, ast.Try)):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                yield from _bound(child)


def _is_type_parameter(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2] in TYPE_PARAMETERS


def _commands(text: str) -> set[str]:
    """The targets of every `make` in code: between backticks, or in a fenced or indented block."""
    fenced = re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", text)
    return set(re.findall(r"\bmake ([a-z][a-z-]*)", "\n".join(fenced + spans)))


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", _read("Makefile"), re.MULTILINE))


@pytest.mark.parametrize("folder", FOLDERS)
def test_files_are_short(folder: str) -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert {str(path): lines for path, lines in lengths.items() if lines > MAX_LINES} == {}


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_public_names_are_declared(path: Path) -> None:
    module = importlib.import_module(_name(path))
    declared = list(module.__all__)
    assert len(declared) == len(set(declared))
    assert [name for name in declared if not hasattr(module, name)] == []
    assert _public_names(ast.parse(path.read_text("utf-8"))) - set(declared) == set()


def test_undeclared_names_would_be_found() -> None:
    source = "T = TypeVar('T')\nA: int = 1\nB = C = 2\n_d = 3\nif x:\n    def e(): f = 1\nclass G: h = 1\nimport os"
    assert _public_names(ast.parse(source)) == {"A", "B", "C", "e", "G"}


def test_the_core_dependencies_are_four() -> None:
    found = re.search(r"^dependencies = (\[.*?^\])", _read("pyproject.toml"), re.MULTILINE | re.DOTALL)
    assert found is not None
    names = {re.split(r"[<>=!~;\[ ]", requirement)[0] for requirement in ast.literal_eval(found[1])}
    assert names == {"anyio", "httpx", "msgspec", "wsproto"}


def test_the_package_is_typed() -> None:
    assert (ROOT / "deepgram_anyio" / "py.typed").exists()


def test_the_changelog_keeps_its_form() -> None:
    headings = re.findall(r"^## (.*)$", _read("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    releases = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d{2}-\d{2})", heading) for heading in headings[1:]]
    assert None not in releases
    sections = re.findall(r"^### (.*)$", _read("CHANGELOG.md"), re.MULTILINE)
    assert set(sections) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_version_is_the_changelogs() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+)?", __version__)
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", _read("CHANGELOG.md"), re.MULTILINE)
    if released:
        latest = tuple(int(number) for number in released[0].split("."))
        current = tuple(int(number) for number in __version__.split(".")[:3])
        assert current > latest if ".dev" in __version__ else current == latest


@pytest.mark.parametrize("paper", PAPERS)
def test_commands_in_the_papers_exist(paper: str) -> None:
    commands = _commands(_read(paper))
    assert commands
    assert commands - _targets() == set()


def test_every_target_explains_itself() -> None:
    explained = set(re.findall(r"^([a-z][a-z-]*):.*## \S", _read("Makefile"), re.MULTILINE))
    assert _targets() - explained == set()


@pytest.mark.parametrize("paper", PAPERS)
def test_links_in_the_papers_lead_somewhere(paper: str) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", _read(paper))
    assert [link for link in links if not (ROOT / link).exists()] == []
