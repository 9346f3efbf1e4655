"""A client and the scripted server that it talks to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from deepgram_anyio import ClientConfig, DeepgramClient, RetryPolicy, Timeouts

from ..rest_peer import Answer, Reply, RestPeer, rest_peer

__all__ = ["client_of", "talking"]


def client_of(url: str, **config: Any) -> DeepgramClient:
    """A client that retries at once, and waits for nothing longer than 5 s."""
    retry = RetryPolicy(first_s=0.001, max_s=0.001)
    given = {"timeouts": Timeouts(connect_s=5.0, read_s=5.0), "retry": retry, **config}
    return DeepgramClient(api_key="key-1", base_url=url, config=ClientConfig(proxy="", **given))


@asynccontextmanager
async def talking(
    answers: Reply | Sequence[Reply] | Answer, **config: Any
) -> AsyncIterator[tuple[DeepgramClient, RestPeer]]:
    async with rest_peer(answers) as peer, client_of(peer.url, **config) as dg:
        yield dg, peer
