"""State diagrams, drawn from the transition tables, for people to read."""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from typing import Any

from .machine import SocketKind
from .messages import Audio, UnknownEvent

__all__ = ["state_diagram"]

# With more messages than this on one edge, naming the exceptions is shorter, where there are fewer of those.
_NAMED = 4


def state_diagram(kind: SocketKind[Any]) -> str:
    """Return a socket kind's states and what leads from one to the next, as a Mermaid ``stateDiagram-v2``.

    Messages that lead to the same state share an edge, those of the client and those of the server on lines of their own.
    """
    edges = [
        f"{_id(state)} --> {_id(target)} : {'<br/>'.join(_causes(kind, state, target))}"
        for state, row in kind.transitions.items()
        for target in dict.fromkeys(row.values())
    ]
    return "\n".join(
        [
            "stateDiagram-v2",
            '    state "open" as socket_open {',
            f"        [*] --> {_id(kind.initial)}",
            *(f"        {edge}" for edge in edges),
            "    }",
            *(f"    {_id(state)} --> {_id(kind.closed)} : {_codes(codes)}" for state, codes in kind.orderly.items()),
            f"    socket_open --> {_id(kind.closed)} : this end closes",
            f"    socket_open --> {_id(kind.failed)} : any other close or message,<br/>a deadline, the network",
            f"    {_id(kind.closed)} --> [*]",
            f"    {_id(kind.failed)} --> [*]",
            "",
        ]
    )


def _id(state: enum.Enum) -> str:
    return state.name.lower()


def _causes(kind: SocketKind[Any], state: enum.Enum, target: enum.Enum) -> list[str]:
    row = kind.transitions[state]
    sides = (
        ("client", [*([Audio] if kind.client_audio else []), *kind.client_messages]),
        ("server", [*([Audio] if kind.server_audio else []), *kind.server_messages]),
    )
    causes = []
    for side, messages in sides:
        names = _names(messages, {message for message in messages if row.get(message) is target})
        if names:
            causes.append(f"{side} {names}")
    if row.get(UnknownEvent) is target:
        causes.append("either an unknown message")
    return causes


def _names(messages: Sequence[type], chosen: Collection[type]) -> str:
    others = [message.__name__ for message in messages if message not in chosen]
    if len(chosen) <= _NAMED or len(others) >= len(chosen):
        return ", ".join(message.__name__ for message in messages if message in chosen)
    return f"any message but {', '.join(others)}" if others else "any message"


def _codes(codes: Collection[int] | None) -> str:
    said = "any code" if codes is None else " or ".join(map(str, sorted(codes)))
    return f"the peer closes, {said}"
