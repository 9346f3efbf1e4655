"""The REST clients of v4 and the scripted server that they talk to, in the ways they are used."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

from deepgram_anyio import RetryPolicy, Timeouts
from deepgram_anyio.sync.loop import event_loop_thread
from deepgram_anyio.sync.v4.client_options import DeepgramClientOptions
from deepgram_anyio.sync.v4.context import context_of, use_backend

from ..rest_peer import Answer, Reply, RestPeer, json_reply, rest_peer

__all__ = ["Case", "check_asked", "config_of", "holds", "peer_of", "peer_within", "reply_of"]


class Case(NamedTuple):
    """A call, and what it asks of the server: method, path, query, JSON body; and what that answers."""

    name: str
    args: tuple[Any, ...]
    method: str
    path: str
    query: list[tuple[str, str]] = []  # noqa: RUF012 - never changed
    body: Any = None
    answer: Any = None


def config_of(url: str, **options: Any) -> DeepgramClientOptions:
    """A configuration whose calls are tried again at once, and wait for nothing longer than 5 s."""
    config = DeepgramClientOptions(**{"api_key": "key-1", "url": url, **options})
    backend = replace(
        context_of(config).backend,
        retry=RetryPolicy(first_s=0.001, max_s=0.001),
        timeouts=Timeouts(connect_s=5.0, read_s=5.0),
        proxy="",
    )
    use_backend(config, backend)
    return config


@contextmanager
def peer_of(
    answers: Reply | Sequence[Reply] | Answer, **options: Any
) -> Iterator[tuple[DeepgramClientOptions, RestPeer]]:
    """A server on the loop of the blocking clients."""
    with event_loop_thread().enter(rest_peer(answers)) as peer:
        yield config_of(peer.url, **options), peer


@asynccontextmanager
async def peer_within(
    answers: Reply | Sequence[Reply] | Answer, **options: Any
) -> AsyncIterator[tuple[DeepgramClientOptions, RestPeer]]:
    """A server in the test's own loop."""
    async with rest_peer(answers) as peer:
        yield config_of(peer.url, **options), peer


def reply_of(case: Case) -> Reply:
    return json_reply({} if case.answer is None else case.answer)


def check_asked(case: Case, peer: RestPeer) -> None:
    asked = peer.asked[-1]
    assert (asked.method, asked.path, asked.query) == (case.method, case.path, case.query)
    assert asked.headers["authorization"] == "Token key-1"
    assert asked.json() == case.body if case.body is not None else asked.body == b""


def holds(have: Any, want: Any) -> bool:
    """Whether an answer says all that the server said; empty fields of v4 may stand beside that."""
    if isinstance(want, dict):
        return all(name in have and holds(have[name], value) for name, value in want.items())
    if isinstance(want, list):
        return len(have) == len(want) and all(map(holds, have, want))
    return bool(have == want)
