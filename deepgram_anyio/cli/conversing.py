"""A conversation with a voice agent on the command line, spoken or typed."""

from __future__ import annotations

import math
from contextlib import AsyncExitStack, aclosing, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from .agent_file import sample_format
from .conversation_view import ConversationView
from .devices import sound_failures
from .listening import meter
from .new_file import WavRecording, tell_written, write_new
from .output import Output
from .playback import Playback
from .running import finishing, held
from .standard_input import read_input_lines

if TYPE_CHECKING:
    from .. import AgentConnection, DeepgramClient
    from ..audio import Microphone

__all__ = ["Conversing"]

_PATIENCE_S = 30.0
"""How long an agent may say nothing at all before the next line of a pipe goes to it."""

_SAVE_S = 10.0
_STATUS_EVERY_S = 0.2


@dataclass(kw_only=True)
class Conversing:
    """Holds a conversation, shows it, and keeps it.

    Attributes:
        settings: what the agent shall be.
        view: where it is shown.
        output: for the document of ``--json``.
        typed: the user types; what the agent says is not played.
        interactive: somebody sits at standard input.
        microphone: the device; None for the system's default.
        speaker: the device; None for the system's default.
        save: file for the transcript.
        record: file for the agent's voice.
        overwrite: replace these files.
        stats: show how long the agent takes.
    """

    settings: dict[str, Any]
    view: ConversationView
    output: Output
    typed: bool
    interactive: bool
    microphone: int | str | None = None
    speaker: int | str | None = None
    save: Path | None = None
    record: Path | None = None
    overwrite: bool = False
    stats: bool = False
    _messages: list[dict[str, Any]] = field(default_factory=list)
    _began: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    _request_id: str | None = None
    _playback: Playback | None = None
    _recording: WavRecording | None = None
    _heard: anyio.Event = field(default_factory=anyio.Event)
    _answered: anyio.Event = field(default_factory=anyio.Event)

    async def run(self, dg: DeepgramClient) -> int | None:
        """Talk until Ctrl-C, the end of standard input, or the agent's own end of it.

        Returns:
            The exit code: 0; after Ctrl-C 0 when it was spoken, which ends like that, and else None, for 130.

        Raises:
            CommandError: there is no sound to be had.
            DeepgramError: as for ``connect``. What was said until then has been saved.
        """
        interrupted = False
        with self._recorder() as self._recording:
            try:
                sound = nullcontext() if self.typed else sound_failures("type instead of speaking: --typed")
                with self.view, held() as pressed, sound:
                    await self._converse(dg, pressed)
                    interrupted = pressed.is_set()
            finally:
                with finishing(_SAVE_S):
                    await self._save()
        if self.output.json:
            self.output.document(self._document())
        return None if interrupted and self.typed else 0

    def _recorder(self) -> Any:
        if self.record is None:
            return nullcontext()
        rate = sample_format(self.settings, "output").sample_rate
        return WavRecording(self.record, sample_rate=rate, overwrite=self.overwrite)

    async def _converse(self, dg: DeepgramClient, pressed: anyio.Event) -> None:
        from ..transport.tasks import background_tasks

        async with AsyncExitStack() as stack:
            with anyio.CancelScope() as talking:
                async with background_tasks() as interruptions:
                    interruptions.start_soon(_cancel_when, pressed, talking)
                    microphone = None if self.typed else await self._open_sound(stack)
                    async with (
                        # Functions that the settings name are none of ours; so the agent is told.
                        dg.agent.v1.connect(self.settings, functions={}) as connection,
                        background_tasks() as tasks,
                    ):
                        self._request_id = connection.request_id
                        tasks.start_soon(self._follow, connection, talking)
                        if self._playback is not None:
                            tasks.start_soon(self._playback.run)
                        await self._talk(connection, microphone)

    async def _open_sound(self, stack: AsyncExitStack) -> Microphone:
        from ..audio import Microphone, Speaker

        heard, said = sample_format(self.settings, "input"), sample_format(self.settings, "output")
        speaker = await stack.enter_async_context(Speaker(device=self.speaker, sample_rate=said.sample_rate))
        self._playback = Playback(speaker)
        return await stack.enter_async_context(Microphone(device=self.microphone, sample_rate=heard.sample_rate))

    # What the user says.

    async def _talk(self, connection: AgentConnection, microphone: Microphone | None) -> None:
        from ..transport.tasks import background_tasks

        if microphone is None:
            await self._type(connection)
            return
        self.view.note("Speak; Ctrl-C ends. Without headphones the agent may hear itself.")
        async with background_tasks() as tasks:
            tasks.start_soon(self._keep_status, microphone)
            if self.interactive:
                tasks.start_soon(connection.send_audio, microphone)
                await self._until_end_of_input()
            else:
                await connection.send_audio(microphone)

    async def _until_end_of_input(self) -> None:
        async with aclosing(read_input_lines()) as lines:
            async for _ in lines:
                pass

    async def _keep_status(self, microphone: Microphone) -> None:
        while True:
            self.view.status(f"{meter(microphone.level)} {microphone.device.name} · Ctrl-C ends")
            await anyio.sleep(_STATUS_EVERY_S)

    async def _type(self, connection: AgentConnection) -> None:
        agent = self.settings.get("agent")
        if isinstance(agent, dict) and agent.get("greeting"):
            await self._answer()
        else:
            self.view.prompt()
        async with aclosing(read_input_lines()) as lines:
            async for line in lines:
                self.view.answered()
                if not line.strip():
                    self.view.prompt()
                    continue
                self._answered = anyio.Event()
                await connection.inject_user_message(line.strip())
                if not self.interactive:
                    await self._answer()

    async def _answer(self) -> None:
        """Wait for the end of an answer, as long as the agent is heard of."""
        while not self._answered.is_set():
            self._heard = anyio.Event()
            with anyio.move_on_after(_PATIENCE_S) as patience:
                await self._heard.wait()
            if patience.cancelled_caught:
                self.view.note(f"warning: the agent has said nothing for {_PATIENCE_S:g} s")
                return

    # What the agent says.

    async def _follow(self, connection: AgentConnection, talking: anyio.CancelScope) -> None:
        async for event in connection:
            await self._take(event)
            self._heard.set()
        self.view.note("the agent has ended the conversation")
        talking.cancel()

    async def _take(self, event: object) -> None:
        from .. import Reconnected
        from ..protocol import agent

        match event:
            case agent.Audio():
                samples = bytes(event.data)
                if self._recording is not None:
                    await self._recording.write(samples)
                if self._playback is not None:
                    self._playback.play(samples)
            case agent.ConversationText():
                self._messages.append({"type": "History", "role": event.role, "content": event.content})
                self.view.words(event.role, event.content)
            case agent.UserStartedSpeaking():
                self._fall_silent()
            case agent.AgentAudioDone():
                self._answered.set()
                self.view.prompt()
            case agent.FunctionCallRequest() | agent.FunctionCallResponse() | agent.History():
                self._take_functions(event)
            case agent.AgentStartedSpeaking() if self.stats:
                self.view.aside(f"answers after {event.total_latency:.2f} s")
            case agent.Warning():
                self.view.note(f"warning: {event.description}")
            case agent.InjectionRefused():
                self.view.note(f"warning: {event.message}")
            case Reconnected():
                self._fall_silent()
                self.view.note(f"warning: reconnected after {event.gap_s:.1f} s ({event.cause})")
                self._answered.set()
                self.view.prompt()

    def _fall_silent(self) -> None:
        if self._playback is not None and self._playback.clear():
            self.view.aside("(interrupted)")

    def _take_functions(self, event: Any) -> None:
        from ..protocol import agent

        match event:
            case agent.FunctionCallRequest():
                for call in event.functions:
                    self.view.aside(f"calls {call.name}({call.arguments})")
            case agent.FunctionCallResponse():
                self.view.aside(f"{event.name} returned {event.content}")
            case agent.History(function_calls=[*calls]):
                self._messages.append(event.to_dict() | {"type": "History"})
                for done in calls:
                    if done.client_side:
                        self.view.aside(f"{done.name} returned {done.response}")

    # What is kept.

    def _document(self) -> dict[str, Any]:
        """The conversation; the messages have the form of ``agent.context.messages``, to go on with it."""
        return {"request_id": self._request_id, "began": self._began.isoformat(), "messages": self._messages}

    async def _save(self) -> None:
        import msgspec

        if self._request_id is None:
            return  # it never began
        if self.save is not None:
            document = msgspec.json.format(msgspec.json.encode(self._document()), indent=2) + b"\n"
            await write_new(self.save, document, overwrite=self.overwrite)
            tell_written("transcript:", self.save)
        if self._recording is not None and self.record is not None:
            await self._recording.save()
            tell_written("the agent's voice:", self.record)


async def _cancel_when(pressed: anyio.Event, talking: anyio.CancelScope) -> None:
    await pressed.wait()
    talking.deadline = -math.inf
