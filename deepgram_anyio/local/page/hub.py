"""Where the server's sessions tell what happens, and who watches takes it from. Bounded, whoever is slow."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from ...transport.signals import Signal
from ..answers import Refusal
from .events import Event, Snapshot, StreamInfo

__all__ = ["EventHub", "Watched", "Watcher"]

_MAX_WATCHERS = 16
_MAX_EVENTS = 512
_MAX_CHARS = 200_000


class Watched(Protocol):
    """A live connection, as the hub sees it."""

    @property
    def id(self) -> str:
        """Its request id."""
        ...

    @property
    def project_id(self) -> str:
        """The project whose members may see it."""
        ...

    def info(self) -> StreamInfo:
        """Describe it."""
        ...


class EventHub:
    """Passes on what happens to those who watch; when nobody does, it only knows which connections there are.

    Attributes:
        watched: whether anybody watches.
    """

    def __init__(self) -> None:
        self.watched: bool = False
        self._id = uuid.uuid4().hex
        self._streams: dict[str, Watched] = {}
        self._watchers: set[Watcher] = set()
        self._stopped = False

    def add(self, stream: Watched) -> None:
        """A connection has begun."""
        self._streams[stream.id] = stream

    def remove(self, stream: Watched) -> None:
        """A connection has ended."""
        self._streams.pop(stream.id, None)

    def publish(self, project_id: str, event: Event, *, replaces: str = "", size_chars: int = 0) -> None:
        """Tell everybody who watches a project.

        Args:
            project_id: the project.
            event: what happened.
            replaces: a name: whoever has not yet taken the last event of this name gets this one instead. With an empty
                one, nothing is replaced.
            size_chars: length of its text.
        """
        for watcher in self._watchers:
            if watcher.project_id == project_id:
                watcher.put(event, replaces, size_chars)

    def withdraw(self, name: str) -> None:
        """What was published under a name is out of date: who has not taken it yet does not get it."""
        for watcher in self._watchers:
            watcher.withdraw(name)

    @contextmanager
    def watch(self, project_id: str) -> Iterator[Watcher]:
        """Watch the connections of a project.

        Raises:
            Refusal: too many do, or the server is stopping.
        """
        if self._stopped:
            raise Refusal(503, "SERVER_STOPPING", "The server is stopping.")
        if len(self._watchers) >= _MAX_WATCHERS:
            raise Refusal(429, "TOO_MANY_REQUESTS", f"{_MAX_WATCHERS} pages watch this server already.")
        watcher = Watcher(self, project_id)
        self._watchers.add(watcher)
        self.watched = True
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)
            self.watched = bool(self._watchers)

    def stop(self) -> None:
        """Let everybody know that nothing more comes."""
        self._stopped = True
        for watcher in self._watchers:
            watcher.stop()

    def snapshot(self, project_id: str, skipped: int) -> Snapshot:
        """Return all connections of a project."""
        streams = [stream.info() for stream in self._streams.values() if stream.project_id == project_id]
        return Snapshot(server=self._id, streams=streams, skipped=skipped)


class Watcher:
    """One page's events that wait to be sent; `EventHub.watch` makes it.

    They are bounded: levels and interim captions replace older ones, and when too many events wait none the less, all
    are thrown away, and a snapshot takes their place.

    Attributes:
        project_id: whose connections are watched.
        stopped: nothing more comes.
    """

    def __init__(self, hub: EventHub, project_id: str) -> None:
        self.project_id = project_id
        self.stopped: bool = False
        self._hub = hub
        self._waiting: dict[str | int, tuple[Event, int]] = {}  # with the length of its text
        self._number = 0
        self._chars = 0
        self._skipped = 0
        self._fresh = True  # or behind: the next event is a snapshot
        self._changed = Signal()

    @property
    def pending(self) -> int:
        """How many events wait."""
        return len(self._waiting) + self._fresh

    def put(self, event: Event, name: str, size_chars: int) -> None:
        """Keep an event until it is taken, in place of an older one of the same name."""
        if self._fresh and self._skipped:
            self._skipped += 1  # whoever is behind gets the present state, not a part of the past
            return
        self._number += 1
        key = name or self._number
        self._chars += size_chars - self._waiting.get(key, (None, 0))[1]
        self._waiting[key] = event, size_chars
        if len(self._waiting) > _MAX_EVENTS or self._chars > _MAX_CHARS:
            self._skipped += len(self._waiting)
            self._forget()
            self._fresh = True
        self._changed.set()

    def withdraw(self, name: str) -> None:
        """Forget the event of a name."""
        self._chars -= self._waiting.pop(name, (None, 0))[1]

    def stop(self) -> None:
        """Nothing more comes."""
        self.stopped = True
        self._changed.set()

    async def next_batch(self) -> list[Event]:
        """Wait for events and take all that there are; none when nothing more comes."""
        while not self.pending and not self.stopped:
            await self._changed.wait()
        if self.stopped:
            return []
        batch = [event for event, _ in self._waiting.values()]
        if self._fresh:
            # What began before it is in the snapshot, and may be among the events: the page knows it by its id.
            batch.insert(0, self._hub.snapshot(self.project_id, self._skipped))
            self._fresh, self._skipped = False, 0
        self._forget()
        return batch

    def _forget(self) -> None:
        self._waiting.clear()
        self._chars = 0
