"""Every public name is in the reference, and says what it takes, what it returns, and what it raises.

The sources are read with griffe, as the reference is; what a docstring says is what its Google parser finds. They are
read by the first test that needs them: all of them in one process, and nothing at all when other tests are run.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import griffe

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "scripts"))
try:
    import site_griffe
    import site_reference
finally:
    sys.path.remove(str(ROOT / "scripts"))

# What these verbs are followed by is what is returned.
RETURNING = {"Return", "Yield", "List", "Get", "Sum"}
# Packages whose names nobody imports from there.
INTERNAL = {"services", "services.manage", "local.analysis", "cli"}
# Written as deepgram-sdk v4 has it, which is where its arguments are explained.
OF_V4 = "sync_v4"


@cache
def package() -> griffe.Module:
    extensions = griffe.load_extensions(
        site_griffe.BlockingMethods, site_griffe.Overrides, site_griffe.GivenObjects, "dataclasses"
    )
    found = griffe.load("deepgram_anyio", search_paths=[ROOT], resolve_aliases=True, extensions=extensions)
    assert isinstance(found, griffe.Module)
    return found


@cache
def as_the_site_reads_it() -> griffe.Module:
    return site_reference.load_package()


@cache
def entries() -> list[site_reference.Entry]:
    return site_reference.entries(as_the_site_reads_it())


def described() -> list[site_reference.Entry]:
    return [entry for entry in entries() if entry.path == entry.described]


def _object(path: str) -> griffe.Object:
    found = package()[path.removeprefix("deepgram_anyio.")]
    target = found.final_target if isinstance(found, griffe.Alias) else found
    assert isinstance(target, griffe.Object)
    return target


def _sections(found: griffe.Object) -> dict[str, griffe.DocstringSection]:
    if found.docstring is None:
        return {}
    return {section.kind.value: section for section in griffe.parse_google(found.docstring, warnings=False)}


def _members(found: griffe.Class) -> Iterator[griffe.Object]:
    """The public members of a class, inherited ones included; constructors that are there to be called, too."""
    for name, member in {**found.inherited_members, **found.members}.items():
        target = member.final_target if isinstance(member, griffe.Alias) else member
        if name == "__init__" or not name.startswith("_"):
            yield target


@cache
def functions() -> dict[str, griffe.Function]:
    """Every public function, method and constructor by path; not those of v4."""
    found: dict[str, tuple[griffe.Function, str]] = {}
    for entry in described():
        target = _object(entry.described)
        candidates = [target, *(_members(target) if isinstance(target, griffe.Class) else ())]
        for candidate in candidates:
            if isinstance(candidate, griffe.Function):
                found.setdefault(candidate.path, (candidate, entry.page))
    return {path: function for path, (function, page) in found.items() if page != OF_V4}


def test_functions_and_classes_are_found() -> None:
    assert len(functions()) > 250
    assert sum(isinstance(_object(entry.described), griffe.Class) for entry in described()) > 150


def _parameters(function: griffe.Function) -> list[str]:
    return [parameter.name.lstrip("*") for parameter in function.parameters if parameter.name not in ("self", "cls")]


def _named(section: griffe.DocstringSection | None) -> list[str]:
    return [] if section is None else [element.name.lstrip("*") for element in section.value]


def test_every_public_module_has_a_page() -> None:
    pages = {module for page in site_reference.PAGES for module in page.modules}
    missing = []
    for path in (ROOT / "deepgram_anyio").rglob("__init__.py"):
        name = ".".join(path.parent.relative_to(ROOT / "deepgram_anyio").parts)
        exports = package()[name].exports if name else True
        if exports and name not in pages | INTERNAL:
            missing.append(name)
    assert missing == []


def test_every_public_name_is_on_a_page() -> None:
    text = {slug: text for slug, _, text in site_reference.pages(as_the_site_reads_it())}
    assert [entry.path for entry in entries() if f"::: {entry.described}\n" not in text[entry.page]] == []
    assert {"deepgram_anyio.DeepgramClient", "deepgram_anyio.sync.PrerecordedOptions"} <= {e.path for e in entries()}


def _needs_one(each: griffe.Object, found: griffe.Object, page: str) -> bool:
    if each.name == "__init__":
        return False  # an error's, or one that a dataclass makes of its attributes
    if each is found and each.is_attribute:
        return page != OF_V4  # other names for what has a description, and constants
    return each is found or each.is_function or "property" in each.labels


def test_everything_public_has_a_docstring() -> None:
    missing = []
    for entry in described():
        found = _object(entry.described)
        objects = [found, *(_members(found) if isinstance(found, griffe.Class) else ())]
        missing += [each.path for each in objects if not each.docstring and _needs_one(each, found, entry.page)]
    assert sorted(set(missing)) == []


def test_arguments_are_described() -> None:
    wrong = {}
    for path, function in functions().items():
        if function.name == "__init__" and function.docstring is None:
            continue  # an error's, or one that a dataclass makes of its attributes
        told = _named(_sections(function).get("parameters"))
        if told != _parameters(function):
            wrong[path] = told
    assert wrong == {}


def _says_what_it_returns(function: griffe.Function) -> bool:
    if function.name == "__init__" or str(function.returns) in ("None", "Never", "NoReturn"):
        return True
    assert function.docstring is not None, function.path
    first = function.docstring.value.split(None, 1)[0]
    return first in RETURNING or bool({"returns", "yields"} & set(_sections(function)))


def test_what_is_returned_is_described() -> None:
    assert [path for path, function in functions().items() if not _says_what_it_returns(function)] == []


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _raised(function: griffe.Function) -> set[str]:
    """Errors that a function's own body raises by name; those that it catches itself are rare enough to be named."""
    assert isinstance(function.filepath, Path)
    for node in ast.walk(_tree(function.filepath)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == function.name:
            lines = [node.lineno, *(decorator.lineno for decorator in node.decorator_list)]
            if function.lineno in lines:
                raised = [each.exc for each in ast.walk(node) if isinstance(each, ast.Raise)]
                return {ast.unparse(exc.func) for exc in raised if isinstance(exc, ast.Call)}
    return set()


def test_errors_are_described() -> None:
    wrong = {}
    for path, function in functions().items():
        section = _sections(function).get("raises")
        told = "" if section is None else " ".join(str(each.annotation) for each in section.value)
        unnamed = {name for name in _raised(function) if name.rpartition(".")[2] not in told}
        wrong[path] = unnamed - {"NotImplementedError", "AttributeError", "StopAsyncIteration", "TypeError"}
    assert {path: names for path, names in wrong.items() if names} == {}


def _fields(found: griffe.Class) -> list[str]:
    """What a class declares with annotations, such as a struct's fields; not what has a docstring of its own."""
    return [
        name
        for name, member in found.members.items()
        if isinstance(member, griffe.Attribute)
        and not name.startswith("_")
        and member.annotation is not None
        and not member.docstring
        and "property" not in member.labels
    ]


def test_fields_are_described() -> None:
    wrong = {}
    for entry in described():
        found = _object(entry.described)
        if entry.page == OF_V4 or not isinstance(found, griffe.Class):
            continue
        told = _named(_sections(found).get("attributes"))
        problems = [name for name in told if name not in found.all_members]
        # Keywords are the fields of an options struct, which describes them; filters are named as what they filter.
        if not entry.path.endswith(("Params", ".FeatureFilters")):
            problems += set(_fields(found)) - set(told)
        wrong[entry.path] = problems
    assert {path: names for path, names in wrong.items() if names} == {}
