"""State diagrams, drawn from the transition tables, for people to read."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from .machine import SocketKind
from .messages import Audio, UnknownEvent

__all__ = ["state_diagram"]

# With more messages than this in one place, naming the exceptions is shorter, if there are fewer of those.
_NAMED = 4


def state_diagram(kind: SocketKind[Any]) -> str:
    """Return a socket kind's states and what leads from one to the next, as a Mermaid ``stateDiagram-v2``.

    What changes nothing is written into the state's box; messages that lead to the same state share an arrow.
    """
    closed, failed = _id(kind.closed), _id(kind.failed)
    lines = [f"[*] --> {_id(kind.initial)}"]
    for state, row in kind.transitions.items():
        lines += _box(state, _causes(kind, state, state))
        lines += [
            f"{_id(state)} --> {_id(target)} : {', '.join(_causes(kind, state, target))}"
            for target in dict.fromkeys(row.values())
            if target is not state
        ]
    lines += [f"{_id(state)} --> {closed} : {_ways_to_close(kind, state)}" for state in kind.transitions]
    lines += [f"{_id(state)} --> {failed}" for state in kind.transitions]
    lines += _box(kind.failed, ["any other message or close", "a deadline, the network"])
    lines += [f"{closed} --> [*]", f"{failed} --> [*]"]
    return "\n".join(["stateDiagram-v2", *(f"    {line}" for line in lines), ""])


def _box(state: enum.Enum, texts: Iterable[str]) -> list[str]:
    # The first line becomes the title.
    return [f"{_id(state)} : {text}" for text in (state.value, *texts)]


def _id(state: enum.Enum) -> str:
    return state.name.lower()


def _causes(kind: SocketKind[Any], state: enum.Enum, target: enum.Enum) -> Iterator[str]:
    """Say, side by side, which messages lead from one state to another, or leave it as it is."""
    row = kind.transitions[state]
    from_client: list[type] = [*([Audio] if kind.client_audio else []), *kind.client_messages]
    from_server: list[type] = [*([Audio] if kind.server_audio else []), *kind.server_messages]
    for side, messages in (("client", from_client), ("server", from_server)):
        chosen = {message for message in messages if row.get(message) is target}
        if chosen:
            yield f"{side} {_names(messages, chosen)}"
    if row.get(UnknownEvent) is target:
        yield "either an unknown message"


def _names(messages: Sequence[type], chosen: Collection[type]) -> str:
    others = [message.__name__ for message in messages if message not in chosen]
    if len(chosen) <= _NAMED or len(others) >= len(chosen):
        return ", ".join(message.__name__ for message in messages if message in chosen)
    return f"any message but {', '.join(others)}" if others else "any message"


def _ways_to_close(kind: SocketKind[Any], state: enum.Enum) -> str:
    if state not in kind.orderly:
        return "this end closes"
    codes = kind.orderly[state]
    if codes is None:
        return "either end closes, any code"
    return f"either end closes, the peer with {' or '.join(map(str, sorted(codes)))}"
