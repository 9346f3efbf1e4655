"""What the site is made with: drawings of the state machines, pages of the reference, and the look at the result."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from deepgram_anyio.protocol.diagram import state_diagram
from deepgram_anyio.protocol.machine import SocketKind

from .documents import ROOT

sys.path.append(str(ROOT / "scripts"))
try:
    import check_site
    import site_diagrams
    import site_reference
    import state_diagrams
finally:
    sys.path.remove(str(ROOT / "scripts"))

ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")


@pytest.mark.parametrize("kind", state_diagrams.SOCKETS, ids=lambda kind: kind.name)
def test_a_drawing_shows_every_state_and_every_way(kind: SocketKind[Any]) -> None:
    diagram = site_diagrams.parse(state_diagram(kind))
    drawn = site_diagrams.draw(kind.name, diagram)
    texts = "".join(ElementTree.fromstring(drawn).itertext())
    assert [state.value for state in kind.transitions if state.value not in texts] == []
    shown = " ".join(re.sub(r"<[^>]+>", " ", drawn).split())
    assert [label for _, _, label in diagram.arrows if label not in shown] == []


def test_the_site_needs_no_renderer() -> None:
    drawn = site_diagrams.with_drawings(ARCHITECTURE)
    assert drawn.count("<svg") == len(state_diagrams.SOCKETS)
    assert "mermaid" not in drawn


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="note left of open"):
        site_diagrams.parse("stateDiagram-v2\n  note left of open")


def test_problems_of_a_site_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_reference, "PAGES", ())
    (tmp_path / "index.html").write_text(
        '<link rel="stylesheet" href="https://fonts.example.com/x.css"><script src="//cdn.example.com/x.js"></script>'
        '<img src="here.png"><a href="gone.html">1</a><a href="#gone">2</a><a id="there" href="#there">3</a>'
        '<a href="https://example.com/">4</a>'
    )
    (tmp_path / "site.css").write_text('@import url("https://example.com/y.css")')
    assert check_site.problems(tmp_path) == [
        "index.html loads https://fonts.example.com/x.css",
        "index.html loads //cdn.example.com/x.js",
        "index.html links to gone.html",
        "index.html links to #gone",
        "site.css loads from elsewhere",
    ]


def test_a_site_without_pages_is_a_problem(tmp_path: Path) -> None:
    assert check_site.problems(tmp_path)[0] == f"no pages in {tmp_path}"
