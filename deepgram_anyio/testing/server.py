"""The scripted server: the embedded one with engines that do as they are told, behind a proxy that breaks on demand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

import anyio.to_thread
from anyio.abc import TaskStatus
from anyio.from_thread import BlockingPortal

from ..errors import ConfigError
from ..local.faults import fault_proxy
from ..local.server import serve as serve_local
from ..local.thinker import Conversation, Reply
from ..transport.tasks import background_tasks
from .clients import ANY_KEY, Reachable
from .controls import FaultControls, Faults
from .engines import Replies, ScriptedEar, ScriptedMind, ScriptedVoice, Speech
from .exchanges import RestRequest, SocketSession
from .observing import ExchangeLog, Observer, current
from .scripts import PlacedUtterance, Transcript, lay_out, length_s

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..local.engines.base import Recognizer

__all__ = ["ScriptedServer", "serve"]

E = TypeVar("E", SocketSession, RestRequest)

_WAIT_S = 5.0


class ScriptedServer(FaultControls, Reachable):
    """A running scripted server, made by `serve` or by the fixture ``deepgram_server``.

    Its methods and attributes may be used from any thread, whatever event loop runs there.

    Attributes:
        project_id: the project that there is.
    """

    def __init__(self, portal: BlockingPortal) -> None:
        FaultControls.__init__(self, portal)
        Reachable.__init__(self, "", ANY_KEY)
        self.project_id: str = ""
        self._log = ExchangeLog(self._fault_count)
        self._transcript: Transcript = ""
        self._voice = _CurrentVoice()
        self._mind = ScriptedMind(None, self._turn)

    # What was asked.

    @property
    def sessions(self) -> list[SocketSession]:
        """All sockets so far, in order; those of one path that follow a break are sessions of their own."""
        return list(self._log.sessions)

    @property
    def requests(self) -> list[RestRequest]:
        """All REST calls so far, in order."""
        return list(self._log.requests)

    @property
    def session(self) -> SocketSession:
        """The only socket.

        Raises:
            AssertionError: there was none, or more than one.
        """
        __tracebackhide__ = True
        return _only(self.sessions, "session")

    @property
    def request(self) -> RestRequest:
        """The only REST call.

        Raises:
            AssertionError: there was none, or more than one.
        """
        __tracebackhide__ = True
        return _only(self.requests, "request")

    def wait_until(self, condition: Callable[[], bool], timeout_s: float = _WAIT_S) -> None:
        """Wait, in a thread that may block, until a condition on `sessions` and `requests` holds.

        Args:
            condition: asked after everything that the server receives or sends.
            timeout_s: how long, in seconds.

        Raises:
            AssertionError: it did not hold in time; it tells what there was.
            ConfigError: called in the server's own event loop.
        """
        __tracebackhide__ = True
        if self._in_own_thread:
            raise ConfigError("this would block the server's own event loop: use 'await server.until(...)'")
        if not self._log.wait(condition, timeout_s):
            raise AssertionError(f"after {timeout_s:g} s the server had seen {self._summary()}")

    async def until(self, condition: Callable[[], bool], timeout_s: float = _WAIT_S) -> None:
        """Wait likewise in any event loop. Cancellation ends it at once.

        Args:
            condition: a function without arguments.
            timeout_s: how long to wait, in seconds.

        Raises:
            AssertionError: it did not hold in time.
        """
        __tracebackhide__ = True
        held = await anyio.to_thread.run_sync(self._log.wait, condition, timeout_s, abandon_on_cancel=True)
        if not held:
            raise AssertionError(f"after {timeout_s:g} s the server had seen {self._summary()}")

    def reset(self) -> None:
        """Forget what was asked, and behave; the script stays."""
        self.behave()
        self._log.clear()

    def begin_anew(
        self,
        *,
        transcript: Transcript = "hello world",
        speech: Speech | None = None,
        replies: Replies | None = None,
        faults: Faults | None = None,
    ) -> None:
        """Be as a server that `serve` has just made with these arguments.

        Args:
            transcript: as for `serve`.
            speech: as for `serve`.
            replies: as for `serve`.
            faults: as for `serve`.
        """
        self.reset()
        self._voice.use(ScriptedVoice())
        self._mind = ScriptedMind(None, self._turn)
        self.script(transcript=transcript, speech=speech, replies=replies)
        self._choose(faults)

    # What it hears, says and answers.

    def script(
        self,
        *,
        transcript: Transcript | None = None,
        speech: Speech | None = None,
        replies: Replies | None = None,
    ) -> None:
        """Change the script, for sockets and requests that begin from now on; what is left out stays.

        Args:
            transcript: what is heard; see `serve`.
            speech: what text sounds like; see `serve`.
            replies: what agents answer; see `serve`.

        Raises:
            ConfigError: one of them cannot be used.
        """
        voice = None if speech is None else ScriptedVoice(speech)
        mind = self._mind if replies is None else ScriptedMind(replies, self._turn)
        if transcript is not None:
            if not callable(transcript):
                lay_out(transcript)
            self._transcript = transcript
        if voice is not None:
            self._voice.use(voice)
        self._mind = mind

    @property
    def script_s(self) -> float:
        """How much audio it takes for the whole transcript to be heard, in seconds.

        Raises:
            ConfigError: the transcript is a function.
        """
        return length_s(self._transcript)

    def _heard_next(self, who: str) -> list[PlacedUtterance]:
        """Return what the stream that is being served hears next; its channels ask in order."""
        progress = current.get()
        assert progress is not None
        channel = progress.count(who)
        transcript = self._transcript
        if callable(transcript):
            transcript = transcript(progress.exchange)
        apart = progress.exchange.query.get("multichannel") == "true"
        return progress.remaining(lay_out(transcript, channel=channel if apart else None), channel if apart else 0)

    def _turn(self) -> int:
        progress = current.get()
        assert progress is not None
        progress.turns += 1
        return progress.turns - 1

    def _summary(self) -> str:
        seen = [f"session {item.number} of {item.path}{' (ended)' * item.ended}" for item in self.sessions]
        seen += [f"{item.method} {item.path}" for item in self.requests]
        return ", ".join(seen) or "nothing"


def _only(found: Sequence[E], what: str) -> E:
    __tracebackhide__ = True
    if len(found) != 1:
        there = ", ".join(item.path for item in found) or "none"
        raise AssertionError(f"there was to be one {what}; there were {len(found)}: {there}")
    return found[0]


class _CurrentVoice:
    """The voice of the present script."""

    name = "scripted"

    def __init__(self) -> None:
        self.use(ScriptedVoice())

    def use(self, voice: ScriptedVoice) -> None:
        """Speak like this one from now on."""
        self._voice = voice
        self.sample_rate = voice.sample_rate

    def synthesize(self, text: str) -> Iterator[bytes]:
        return self._voice.synthesize(text)

    def close(self) -> None:
        """Nothing to let go of."""


class _CurrentMind:
    """The mind of the present script."""

    def __init__(self, server: ScriptedServer) -> None:
        self._server = server

    def reply(self, conversation: Conversation) -> Reply:
        return self._server._mind.reply(conversation)


@asynccontextmanager
async def serve(
    *,
    transcript: Transcript = "hello world",
    speech: Speech | None = None,
    replies: Replies | None = None,
    faults: Faults | None = None,
    recognizer: Recognizer | None = None,
    api_keys: Collection[str] | None = None,
    idle_timeout_s: float = 10.0,
    max_connections: int = 100,
) -> AsyncIterator[ScriptedServer]:
    """Run a scripted server on a free loopback port for as long as the block.

    Leaving the block ends all streams and closes the port; cancellation does the same.

    Args:
        transcript: what is heard in each stream and recording, whatever the audio sounds like: text, an `Utterance`,
            or several of these, one after another; or a function that gives this for a `SocketSession` or a
            `RestRequest`. A stream that follows one that a fault broke goes on where that one's last final result
            ended, as a client that repairs the break sends its audio again from there.
        speech: what text sounds like: a WAV file of 16-bit mono samples (path or bytes), or one for each of some texts;
            everything else is hummed, 0.3 s a word.
        replies: what agents answer: a list, or a function; None for the rules of `deepgram_anyio.local.RuleThinker`.
        faults: what goes wrong from the start; see `Faults`, and `ScriptedServer.cut` and its neighbours for later.
        recognizer: a recogniser that is used instead of the transcript.
        api_keys: keys that are let in; None lets everyone in.
        idle_timeout_s: silence from a client after which a stream is closed with ``NET-0001``.
        max_connections: streams, and requests of speech and text, served at once; more are refused with 429.

    Yields:
        the running server.

    Raises:
        ConfigError: the extra ``testing`` is not installed, or an argument cannot be used.
    """
    async with background_tasks() as tasks:
        server = ScriptedServer(await tasks.start(_run_portal))
        server.script(transcript=transcript, speech=speech, replies=replies)
        observer = Observer(server._log)
        inner = serve_local(
            api_keys=api_keys,
            recognizer=ScriptedEar(server._heard_next) if recognizer is None else recognizer,
            voice=server._voice,
            thinker=_CurrentMind(server),
            idle_timeout_s=idle_timeout_s,
            max_connections=max_connections,
            allow_private_urls=True,
            middleware=observer.wrap,
        )
        async with inner as local, fault_proxy(local.url, faults=server._faults_of) as proxy:
            server.url, server.project_id = proxy.url, local.project_id
            server.api_key = local.api_key or ANY_KEY
            server._attach(proxy, observer, faults)
            yield server


async def _run_portal(*, task_status: TaskStatus[BlockingPortal]) -> None:
    async with BlockingPortal() as portal:
        task_status.started(portal)
        await portal.sleep_until_stopped()
