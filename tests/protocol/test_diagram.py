"""The diagrams show what the tables say, and the ones in ARCHITECTURE.md are those of today."""

from __future__ import annotations

import enum
import importlib.util
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deepgram_anyio.protocol.diagram import state_diagram
from deepgram_anyio.protocol.listen_machine import LISTEN
from deepgram_anyio.protocol.machine import SocketKind
from deepgram_anyio.protocol.messages import Audio, Message, UnknownEvent

SCRIPT = Path(__file__).parents[2] / "scripts" / "state_diagrams.py"


def _load() -> Any:
    spec = importlib.util.spec_from_file_location("state_diagrams", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


script = _load()

LISTEN_DIAGRAM = """\
stateDiagram-v2
    [*] --> streaming
    streaming : streaming
    streaming : client Audio, KeepAlive, Finalize, Configure
    streaming : server any message
    streaming : either an unknown message
    streaming --> finishing : client CloseStream
    finishing : finishing
    finishing : client KeepAlive, Finalize, CloseStream
    finishing : server any message but Metadata
    finishing : either an unknown message
    finishing --> complete : server Metadata
    complete : complete
    complete : client KeepAlive, Finalize, CloseStream
    complete : server any message
    complete : either an unknown message
    streaming --> closed : this end closes
    finishing --> closed : either end closes, the peer with 1000 or 1005
    complete --> closed : either end closes, any code
    streaming --> failed
    finishing --> failed
    complete --> failed
    failed : failed
    failed : any other message or close
    failed : a deadline, the network
    closed --> [*]
    failed --> [*]
"""


class Light(enum.Enum):
    RED = "red"
    GREEN = "green light"
    CLOSED = "closed"
    FAILED = "failed"


class Go(Message):
    pass


class Stop(Message):
    pass


CROSSING: SocketKind[Light] = SocketKind(
    name="crossing",
    initial=Light.RED,
    closed=Light.CLOSED,
    failed=Light.FAILED,
    transitions={Light.RED: {Go: Light.GREEN, Stop: Light.RED}, Light.GREEN: {Audio: Light.RED, Go: Light.RED}},
    orderly={},
    draining=frozenset(),
    client_messages=(Go,),
    server_messages=(Stop,),
    client_audio=True,
    server_audio=True,
)


def test_live_transcription() -> None:
    assert state_diagram(LISTEN) == LISTEN_DIAGRAM


def test_both_ends_may_share_an_arrow() -> None:
    lines = [line.strip() for line in state_diagram(CROSSING).splitlines()]
    assert lines[1:8] == [
        "[*] --> red",
        "red : red",
        "red : server Stop",
        "red --> green : client Go",
        "green : green light",
        "green --> red : client Audio, Go, server Audio",
        "red --> closed : this end closes",
    ]


@pytest.mark.parametrize("kind", script.SOCKETS, ids=lambda kind: kind.name)
def test_every_state_and_step_is_shown(kind: SocketKind[Any]) -> None:
    text = state_diagram(kind)
    arrows = set(re.findall(r"^    (\S+) --> (\S+)", text, re.MULTILINE))
    live = [state.name.lower() for state in kind.transitions]
    ends = [kind.closed.name.lower(), kind.failed.name.lower()]
    steps = {
        (state.name.lower(), target.name.lower())
        for state, row in kind.transitions.items()
        for target in row.values()
        if target is not state
    }
    assert arrows == {
        ("[*]", kind.initial.name.lower()),
        *steps,
        *((state, end) for state in live for end in ends),
        *((end, "[*]") for end in ends),
    }
    # A colon or semicolon inside a text would end it.
    assert all(line.count(":") <= 1 and ";" not in line for line in text.splitlines())


def test_a_new_step_changes_the_diagram() -> None:
    row = {**LISTEN.transitions[LISTEN.initial], UnknownEvent: LISTEN.failed}
    changed = replace(LISTEN, transitions={**LISTEN.transitions, LISTEN.initial: row})
    assert "streaming --> failed : either an unknown message" in state_diagram(changed)
    assert "streaming : either an unknown message" not in state_diagram(changed)


# The document


DOCUMENT = "# Title\n\n<!-- crossing: begin -->\nold\n<!-- crossing: end -->\n\nAfter.\n"


def test_the_document_is_up_to_date() -> None:
    assert script.main(["--check"]) == 0
    assert f"```mermaid\n{LISTEN_DIAGRAM}```\n" in script.DOCUMENT.read_text("utf-8")


def test_a_diagram_is_put_in_its_place() -> None:
    text = script.with_diagrams(DOCUMENT, [CROSSING])
    diagram = f"```mermaid\n{state_diagram(CROSSING)}```\n"
    assert text == f"# Title\n\n<!-- crossing: begin -->\n{diagram}<!-- crossing: end -->\n\nAfter.\n"
    assert script.with_diagrams(text, [CROSSING]) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# Title\n", r"places for diagrams: \[\]; sockets: \['crossing'\]"),
        (DOCUMENT + DOCUMENT, r"places for diagrams: \['crossing', 'crossing'\]; sockets: \['crossing'\]"),
        (DOCUMENT.replace("crossing", "ford"), r"places for diagrams: \['ford'\]; sockets: \['crossing'\]"),
        (DOCUMENT.replace("end", "ent"), "no line '<!-- crossing: end -->'"),
    ],
)
def test_places_must_fit_the_sockets(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        script.with_diagrams(text, [CROSSING])


def test_writing_and_checking(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = tmp_path / "PAPER.md"
    empty = "".join(f"<!-- {kind.name}: begin -->\n<!-- {kind.name}: end -->\n" for kind in script.SOCKETS)
    document.write_text(empty, "utf-8")
    assert script.main(["--check"], document=document) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("--- PAPER.md as it is\n+++ PAPER.md as it should be\n")
    assert "+    [*] --> streaming\n" in shown
    assert document.read_text("utf-8") == empty
    assert script.main([], document=document) == 0
    assert LISTEN_DIAGRAM in document.read_text("utf-8")
    for arguments in (["--check"], []):
        capsys.readouterr()
        written_at = document.stat().st_mtime_ns
        assert script.main(arguments, document=document) == 0
        assert re.fullmatch(r"PAPER.md: state diagrams of \d+ socket kinds, up to date\n", capsys.readouterr().out)
        assert document.stat().st_mtime_ns == written_at
