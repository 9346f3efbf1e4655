"""A server that says again what a recording says, and checks that the client does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import get_args
from urllib.parse import parse_qsl

import anyio

from ..errors import ConfigError, TransportError
from ..protocol.frames import Close
from ..transport.websocket import WebSocket
from .clients import ANY_KEY, Reachable
from .matching import Match, Player, ReplayMismatchError
from .recording import FromServer, RecordedSession, Recording, Requested
from .redaction import scrubbed, scrubbed_query
from .wire import Incoming, serving

__all__ = ["Match", "ReplayMismatchError", "ReplayServer", "replay"]

_POLICY_VIOLATION = 1008
_AUDIO_PARAMETERS = frozenset({"encoding", "sample_rate", "channels"})


class ReplayServer(Reachable):
    """A running server, made by `replay`.

    Attributes:
        recording: what it plays.
        mismatch: how the client first did something else than recorded; None while it did not.
    """

    def __init__(self, recording: Recording, match: Match, speed: float | None) -> None:
        super().__init__("", ANY_KEY)
        self.recording = recording
        self.mismatch: ReplayMismatchError | None = None
        self._match: Match = match
        self._speed = speed
        self._sessions = list(recording.sessions)
        self._requests = list(recording.requests)
        self._playing: list[Player] = []

    def check(self, *, complete: bool = True) -> None:
        """Assert that the client did as recorded so far.

        Args:
            complete: also that all of the recording was played.

        Raises:
            ReplayMismatchError: it did not.
        """
        if self.mismatch is not None:
            raise self.mismatch
        if not complete:
            return
        left = [f"session {session.opened.number} of {session.opened.path}" for session in self._sessions]
        left += [f"{request.method} {request.path}" for request in self._requests]
        left += [f"the rest of {player.name}" for player in self._playing if not player.played]
        if left:
            raise ReplayMismatchError(f"the client did not ask for all that was recorded: {', '.join(left)} is left")

    async def _handle(self, incoming: Incoming) -> None:
        try:
            if incoming.is_handshake:
                await self._socket(incoming)
            else:
                await self._request(incoming)
        except ReplayMismatchError as error:
            self.mismatch = self.mismatch or error
            await incoming.answer(400, {"content-type": "text/plain"}, f"replay: {error}".encode())

    async def _socket(self, incoming: Incoming) -> None:
        session = self._next_session(incoming)
        opened = session.opened
        if opened.status != 101:
            await incoming.answer(opened.status, opened.headers, opened.body.encode())
            return
        player = Player(session, self._match)
        self._playing.append(player)
        await _Playback(self, player, self._speed).run(await incoming.accept(opened.headers))

    def _next_session(self, incoming: Incoming) -> RecordedSession:
        if not self._sessions:
            raise ReplayMismatchError(f"the client opened {incoming.path}; nothing more was recorded")
        session = self._sessions[0]
        recorded, asked = (session.opened.path, session.opened.query), (incoming.path, scrubbed_query(incoming.query))
        self._compare(recorded, asked, f"session {session.opened.number}")
        return self._sessions.pop(0)

    async def _request(self, incoming: Incoming) -> None:
        request = next((item for item in self._requests if self._fits(item, incoming)), None)
        if request is None:
            raise ReplayMismatchError(f"the client asked {incoming.method} {incoming.path}; it was not recorded again")
        name = f"{request.method} {request.path}"
        self._compare((request.path, request.query), (incoming.path, scrubbed_query(incoming.query)), name)
        if self._match == "strict" and request.body != _scrubbed_body(incoming.body):
            raise ReplayMismatchError(
                f"{name}: recorded was a body of {len(request.body)} bytes; the client sent another, of "
                f"{len(incoming.body)}"
            )
        self._requests.remove(request)
        if self._speed is not None:
            await anyio.sleep(request.took_s / self._speed)
        await incoming.answer(request.status, request.headers, request.answer)

    @staticmethod
    def _fits(request: Requested, incoming: Incoming) -> bool:
        return (request.method, request.path) == (incoming.method, incoming.path)

    def _compare(self, recorded: tuple[str, str], asked: tuple[str, str], name: str) -> None:
        if (recorded[0], self._parameters(recorded[1])) != (asked[0], self._parameters(asked[1])):
            was, did = ("?".join(item) for item in (recorded, asked))
            raise ReplayMismatchError(f"{name}: recorded was {was}; the client asked for {did}")

    def _parameters(self, query: str) -> list[tuple[str, str]]:
        ignored = _AUDIO_PARAMETERS if self._match == "audio_may_differ" else ()
        return sorted(pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in ignored)


class _Playback:
    """One session on its socket."""

    def __init__(self, server: ReplayServer, player: Player, speed: float | None) -> None:
        self._server = server
        self._player = player
        self._speed = speed
        self._heard = anyio.Event()

    async def run(self, socket: WebSocket) -> None:
        began = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._say, socket, began)
            await self._listen(socket)
            tasks.cancel_scope.cancel()
        await socket.abort()

    async def _listen(self, socket: WebSocket) -> None:
        try:
            ended = False
            while not ended:
                frames = await socket.receive_batch()
                for frame in frames:
                    self._player.take(frame)
                ended = isinstance(frames[-1], Close)
                self._heard.set()
        except TransportError:
            return  # it is over, by our own close
        except ReplayMismatchError as error:
            self._server.mismatch = self._server.mismatch or error
            await socket.close(_POLICY_VIOLATION, f"replay: {error}")

    async def _say(self, socket: WebSocket, began: float) -> None:
        try:
            while not self._player.played:
                self._heard = anyio.Event()
                event = self._player.next_event()
                if event is None:
                    await self._heard.wait()
                    continue
                if self._speed is not None:
                    await anyio.sleep_until(began + event.at_s / self._speed)
                await _send(socket, event)
        except TransportError:
            return  # the client is gone, which `_listen` notices


async def _send(socket: WebSocket, event: FromServer) -> None:
    frame = event.frame
    if not isinstance(frame, Close):
        await socket.send_batch((frame,))
    elif frame.code == 1006:
        await socket.abort()
    else:
        await socket.close(frame.code, frame.reason)


@asynccontextmanager
async def replay(
    path: str | Path | Recording, *, match: Match = "strict", speed: float | None = None, complete: bool = True
) -> AsyncIterator[ReplayServer]:
    """Serve a recording on a free loopback port: the same messages in the same order, byte for byte.

    A server's message is sent when the client has said what came before it in the recording. The first session that is
    opened gets the first one recorded, and so on. A client that does something else is told so: its socket is closed
    with 1008, its request answered with 400; and leaving the block raises the first difference.

    Args:
        path: the file, or a recording in memory.
        match: ``strict``: the same parameters, JSON messages and audio, and the same bodies of requests;
            ``audio_may_differ``: audio, its format, and bodies may be others. How audio is cut into messages, and
            ``KeepAlive`` messages, never count.
        speed: 1.0 keeps the recorded times, 2.0 halves them; None sends everything as soon as it is due.
        complete: leaving the block normally also raises when the client left out something that was recorded.

    Yields:
        the running server.

    Raises:
        ConfigError: it cannot be read, or an option is wrong.
        ReplayMismatchError: the client did not do as recorded.

    Cancelled, it ends all connections and checks nothing.
    """
    if match not in get_args(Match):
        raise ConfigError(f"match must be {' or '.join(get_args(Match))}, not {match!r}")
    if speed is not None and not 0 < speed < float("inf"):
        raise ConfigError("speed must be a number above 0, or None")
    server = ReplayServer(path if isinstance(path, Recording) else Recording.load(path), match, speed)
    async with serving(server._handle) as url:
        server.url = url
        try:
            yield server
        except Exception as error:
            if server.mismatch is not None:
                raise server.mismatch from error
            raise
    server.check(complete=complete)


def _scrubbed_body(data: bytes) -> bytes:
    try:
        return scrubbed(data.decode()).encode()
    except UnicodeDecodeError:
        return data
