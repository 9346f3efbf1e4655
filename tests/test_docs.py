"""The documents keep what they promise: their code runs, their links lead somewhere, and what they name is there."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from deepgram_anyio import DeepgramClient
from deepgram_anyio.cli.app import COMMANDS, app, load_command

from .documents import ROOT, Piece, run_pieces

PAPERS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"]
DOCUMENTS = [*PAPERS, *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))]
TEXTS = {name: (ROOT / name).read_text("utf-8") for name in DOCUMENTS}

# Documents whose code wants a process for each block: it is test modules, or sets up logging for the whole program.
ELSEWHERE = {"docs/testing.md": "tests/testing/test_docs.py", "docs/observability.md": "tests/telemetry/test_docs.py"}
# What blocks print that must not differ, by document.
PRINTED = {
    "docs/audio.md": [
        r"(.*\(level \d\.\d\d\)\n)*Fake Microphone lost 0\.0 s\n",
        r"1\.0 s were not heard, \d+ gaps were\n",
        r"0 Fake Microphone Fake Core 16000\n1 Fake Speaker Fake Core 48000\n",
    ],
}
NOT_RUN = re.compile(r"^# not run: \w.{10,}\n")


def _blocks(language: str) -> list[Piece]:
    fence = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return [
        Piece(name, text.count("\n", 0, found.start(1)), found[1])
        for name, text in TEXTS.items()
        for found in fence.finditer(text)
    ]


BLOCKS = [block for block in _blocks("python") if block.document not in ELSEWHERE]
RUN = [block for block in BLOCKS if not NOT_RUN.match(block.code)]


def _jobs() -> list[tuple[str, str]]:
    found = []
    for document in dict.fromkeys(block.document for block in RUN):
        backends = ["asyncio", "trio"] if any(b.uses_event_loop for b in RUN if b.document == document) else ["asyncio"]
        found += [(document, backend) for backend in backends]
    return [*found, ("README.md", "uvloop")]


@pytest.mark.speech
@pytest.mark.parametrize(("document", "backend"), _jobs())
def test_the_code_runs(document: str, backend: str, tmp_path: Path) -> None:
    blocks = [block for block in RUN if block.document == document]
    numbers = [number for number, block in enumerate(blocks) if backend == "asyncio" or block.uses_event_loop]
    printed = run_pieces([blocks[number] for number in numbers], backend, tmp_path)
    if document in PRINTED:
        wanted = [PRINTED[document][number] for number in numbers]
        assert [p for p, w in zip(printed, wanted, strict=True) if not re.fullmatch(w, p)] == []


@pytest.mark.parametrize("document", ELSEWHERE)
def test_other_documents_have_their_own_tests(document: str) -> None:
    helpers = {path.name: path.read_text("utf-8") for path in (ROOT / ELSEWHERE[document]).parent.glob("*.py")}
    assert any(f'"{Path(document).name}"' in text for text in helpers.values())


def test_few_blocks_are_not_run() -> None:
    assert len(BLOCKS) - len(RUN) <= 3
    assert {block.document for block in RUN} >= {"README.md", "docs/index.md", "docs/streaming.md"}


def test_every_program_can_run_on_another_event_loop() -> None:
    runs = [(block.code.count("anyio.run("), block.code.count("anyio.run(main)")) for block in RUN]
    # Comments may name another backend; what is called must be ours to choose.
    assert [pair for pair, block in zip(runs, RUN, strict=True) if pair[0] and not pair[1]] == []


# Console blocks


def _commands() -> list[tuple[str, str]]:
    lines = [(block.document, line) for block in _blocks("console") for line in block.code.splitlines()]
    return [(document, line.removeprefix("$ ")) for document, line in lines if line.startswith("$ ")]


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def _problem(command: str) -> str | None:
    """What is wrong with a command of ours; others are the system's."""
    command = re.sub(r"^[A-Z_]+=(\$\(.*?\)|\S+) ", "", command)
    words = shlex.split(command.partition("|")[0].partition("<")[0].partition(">")[0], comments=True)
    match words:
        case ["make", *rest]:
            unknown = {word for word in rest if "=" not in word} - _targets()
            return f"no target {unknown}" if unknown else None
        case ["pip", "install", *packages]:
            extras = {e for package in packages for e in re.findall(r"[a-z]+(?=[],])", package)}
            return f"no extra {extras - EXTRAS}" if extras - EXTRAS else None
        case ["deepgram-anyio", *rest] | ["python", "-m", "deepgram_anyio", *rest]:
            return _problem_of_ours(rest)
        case ["python", path, *_] if path.endswith(".py"):
            return None if (ROOT / path).exists() else f"no {path}"
        case [("export" | "sudo" | "echo" | "git" | "pytest" | "python" | "ssh"), *_]:
            return None
    return "who is that?"


def _problem_of_ours(words: list[str]) -> str | None:
    found: Any = typer.main.get_command(app)
    known = {name for param in found.params for name in param.opts}
    for word in words:
        if word.startswith("-") and word != "-":
            if not any(word.partition("=")[0] == name for name in {*known, "--help", "--install-completion"}):
                return f"no option {word}"
        elif word in getattr(found, "commands", ()) or (word in COMMANDS and found.name != word):
            found = load_command(word) if word in COMMANDS else found.commands[word]
            known |= {name for param in found.params for name in param.opts}
    return None if found.params and words else "no command"


EXTRAS = set(re.findall(r"^([a-z]+) = \[", (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize(("document", "command"), _commands())
def test_commands_exist(document: str, command: str) -> None:
    assert _problem(command) is None, f"{document}: {command}"


def test_commands_that_do_not_exist_are_found() -> None:
    wrong = ["make nothing", "pip install x[nothing]", "deepgram-anyio listen --nothing", "python examples/nothing.py"]
    assert [command for command in wrong if _problem(command) is None] == []


# Names and links


@pytest.mark.parametrize("document", DOCUMENTS)
def test_calls_exist(document: str) -> None:
    called = set(re.findall(r"(?<![\w.])dg((?:\.[a-z]\w*)+)", TEXTS[document]))
    missing = []
    for path in sorted(called):
        found: Any = CLIENT
        for name in path.split(".")[1:]:
            if not hasattr(found, name):
                missing.append(f"dg{path}")
                break
            found = getattr(found, name)
    assert missing == []


CLIENT = DeepgramClient("any-key", base_url="https://example.com")


def _without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def _anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", _without_code(text), re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", title).strip().lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    wrong = []
    for target, anchor in re.findall(r"\]\((?!https?://)([^)#\s]*)#?([^)\s]*)\)", _without_code(TEXTS[document])):
        path = (ROOT / document).parent / target if target else ROOT / document
        name = os.path.relpath(path, ROOT)
        if name.startswith("docs/reference/") or name == "docs/examples.md":
            continue  # these are made when the site is built, which looks at the links to them
        if not path.exists() or (anchor and anchor not in _anchors(path.read_text("utf-8"))):
            wrong.append(f"{target}#{anchor}")
    assert wrong == []


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:")[2]
    pages = {Path(name).name for name in DOCUMENTS if name.startswith("docs/")}
    assert pages - set(re.findall(r"([\w]+\.md)", navigation)) == set()
