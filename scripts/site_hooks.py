"""What mkdocs does besides: pages made of the project's own papers and of its code, and links that lead out of docs/.

Nothing here is written to the tree: the pages exist in a build only, so they cannot be stale.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import site_reference
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from site_diagrams import with_drawings

__all__ = ["on_config", "on_files", "on_page_markdown"]

ROOT = Path(__file__).parent.parent
PAPERS = {"ARCHITECTURE.md": "architecture.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
_REFERENCE = "reference"
_EXAMPLES = "examples.md"
_SHOWN_LINES = 70  # longer ones are for reading in an editor


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages of the reference into the navigation.

    Args:
        config: of the site.

    Returns:
        the same.
    """
    assert config.nav is not None
    made = {*PAPERS.values(), _EXAMPLES}
    for section in config.nav:
        for title, below in section.items():
            if isinstance(below, list):
                section[title] = [entry for entry in below if _is_there(entry, made)]
    reference = [
        (f"{_REFERENCE}/{slug}.md", title, text)
        for slug, title, text in site_reference.pages(site_reference.load_package())
    ]
    config.extra["generated"] = {path: text for path, _, text in reference}
    for section in config.nav:
        if "Reference" in section:
            section["Reference"] += [{title: path} for path, title, _ in reference]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made.

    Args:
        files: of the site.
        config: of the site.

    Returns:
        the same files, and more.
    """
    for path, text in config.extra["generated"].items():
        files.append(File.generated(config, path, content=text))
    for paper, path in PAPERS.items():
        files.append(File.generated(config, path, content=(ROOT / paper).read_text("utf-8")))
    files.append(File.generated(config, _EXAMPLES, content=_examples()))
    return files


def _is_there(entry: dict[str, str], made: set[str]) -> bool:
    return all(path in made or (ROOT / "docs" / path).exists() for path in entry.values())


def _examples() -> str:
    """Every program in examples/, with its docstring for a text."""
    parts = [
        "# Examples\n\nAll are in the folder `examples/`, and are run by the tests. "
        "With `--local`, they need no key and no network.\n"
    ]
    for path in sorted((ROOT / "examples").glob("*.py")):
        code = path.read_text("utf-8")
        text = ast.get_docstring(ast.parse(code)) or ""
        title, _, rest = text.partition("\n\n")
        parts.append(f"## {path.name}\n\n{title}\n\n```console\n{_commands(rest)}```\n")
        if len(code.splitlines()) <= _SHOWN_LINES:
            body = code.partition('"""\n\n')[2].removeprefix("from __future__ import annotations\n\n")
            parts.append(f"```python\n{body}```\n")
    parts.append("## testing_app\n\nA small application with its own tests: see [Testing your app](testing.md).\n")
    return "\n".join(parts)


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Adapt a page to the site.

    Args:
        markdown: its text.
        page: the page.

    Returns:
        the text, with state diagrams as drawings, and with links that lead somewhere.
    """
    path = page.file.src_uri
    if path in PAPERS.values():
        markdown = markdown.replace("](docs/", "](")
    for paper, its in PAPERS.items():
        markdown = markdown.replace(f"]({paper})", f"]({its})").replace(f"](../{paper})", f"]({its})")
    markdown = re.sub(r"\]\((?:\.\./)?README\.md\)", "](index.md)", markdown)
    markdown = re.sub(r"\]\((?:\.\./)?examples/[\w/.]*\)", "](examples.md)", markdown)
    if path == PAPERS["ARCHITECTURE.md"]:
        markdown = with_drawings(markdown)
    return _without_escaped_bars(markdown)


def _commands(text: str) -> str:
    return "".join(f"$ {line}\n" for line in text.splitlines() if line.startswith("python "))


def _without_escaped_bars(markdown: str) -> str:
    """Within code, a bar in a table is escaped for GitHub; here the code span alone protects it."""
    lines = markdown.split("\n")
    return "\n".join(re.sub(r"`[^`]*`", _plain_bars, line) if line.startswith("|") else line for line in lines)


def _plain_bars(span: re.Match[str]) -> str:
    return span[0].replace("\\|", "|")
