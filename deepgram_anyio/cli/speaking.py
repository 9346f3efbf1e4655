"""Speech on the command line: where its audio comes from, and where it goes."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
import anyio.to_thread

from .api_parameters import is_flux, sort_parameters
from .devices import sound_failures
from .failures import CommandError
from .new_file import WavRecording, check_new, tell_written
from .output import Output
from .speech_format import FileFormat, SpeechForm

if TYPE_CHECKING:
    from .. import DeepgramClient

__all__ = ["Speaking"]

_Sink: TypeAlias = Callable[[bytes], Awaitable[object]]
_Speak: TypeAlias = Callable[[_Sink], Awaitable[None]]

_AHEAD = 512
"""Chunks that may wait to be played, so that one request's end and the next one's beginning are not heard."""


@dataclass(kw_only=True)
class Speaking:
    """Speaks a text.

    Attributes:
        form: what to ask for.
        parameters: the API's others.
        output: for notes.
        path: the file; ``-`` is standard output; None plays.
        overwrite: replace that file.
        device: what plays; None for the system's default.
        stream: on a socket.
        request_ids: of the requests so far.
    """

    form: SpeechForm
    parameters: dict[str, Any]
    output: Output
    path: Path | None = None
    overwrite: bool = False
    device: int | str | None = None
    stream: bool = False
    request_ids: list[str] = field(default_factory=list)
    _written: int = 0

    async def run(self, dg: DeepgramClient, texts: AsyncIterator[str]) -> None:
        """Speak texts, one after another and without a gap.

        Raises:
            CommandError: nothing can be played, or written there.
            DeepgramError: as for the API's calls.
        """
        with self.output.progress("Speaking", unit="bytes") as bar:

            async def speak(sink: _Sink) -> None:
                async def take(chunk: bytes) -> None:
                    self._written += len(chunk)
                    bar.update(self._written)
                    await sink(chunk)

                await (self._stream if self.stream else self._request)(dg, texts, take)

            if self.path is None:
                await self._play(speak)
            elif str(self.path) == "-":
                await self._pipe(speak)
            elif self.form.file is FileFormat.WAV:
                await self._write_wav(self.path, speak)
            else:
                await self._write(self.path, speak)
        if self.output.json:
            self.output.document(self._report())
        elif self.path is not None and str(self.path) != "-":
            tell_written(f"{self._amount()} in", self.path)

    # Where the audio comes from.

    async def _request(self, dg: DeepgramClient, texts: AsyncIterator[str], sink: _Sink) -> None:
        from .. import FluxSpeechOptions, SpeechOptions
        from ..protocol.text import split_text

        flux = is_flux(self.parameters)
        service: Any = dg.speak.v2 if flux else dg.speak.v1
        fields = (FluxSpeechOptions if flux else SpeechOptions).__struct_fields__
        known, unknown = sort_parameters(self.form.parameters | self.parameters, fields)
        async for text in texts:
            pieces = [piece for piece in split_text(text) if piece.strip()]
            if len(pieces) > 1 and not self.form.can_be_joined:
                raise CommandError(
                    f"a text of {len(text):,} characters is spoken in {len(pieces)} parts, which do not make one "
                    f"{self.form.encoding} file: write .wav"
                )
            for piece in pieces:
                async with service.stream(piece, extra_query=unknown, **known) as speech:
                    self._note_request(speech.info.request_id)
                    async for chunk in speech:
                        await sink(chunk)

    async def _stream(self, dg: DeepgramClient, texts: AsyncIterator[str], sink: _Sink) -> None:
        from .. import FluxSpeakOptions, SpeakOptions

        flux = is_flux(self.parameters)
        service: Any = dg.speak.v2 if flux else dg.speak.v1
        fields = (FluxSpeakOptions if flux else SpeakOptions).__struct_fields__
        known, unknown = sort_parameters(self.form.stream_parameters | self.parameters, fields)
        async with service.connect(split_long_text=True, extra_query=unknown, **known) as connection:
            self._note_request(connection.request_id)
            async for text in texts:
                async for chunk in connection.synthesize(text):
                    await sink(chunk)

    def _note_request(self, request_id: str | None) -> None:
        if request_id is not None:
            self.request_ids.append(request_id)

    # Where it goes.

    async def _play(self, speak: _Speak) -> None:
        from ..transport.tasks import background_tasks

        with sound_failures("write a file with -o PATH"):
            from ..audio import Speaker

            assert self.form.sample_rate is not None
            async with Speaker(device=self.device, sample_rate=self.form.sample_rate) as speaker:
                send, receive = anyio.create_memory_object_stream[bytes](_AHEAD)

                async def fetch() -> None:
                    async with send:
                        await speak(send.send)

                async with background_tasks() as tasks, receive:
                    tasks.start_soon(fetch)
                    async for chunk in receive:
                        await speaker.send(chunk)
                    await speaker.drain()

    async def _pipe(self, speak: _Speak) -> None:
        from ..protocol.wav import wav_header

        if self.form.file is FileFormat.WAV:
            assert self.form.sample_rate is not None
            sys.stdout.buffer.write(wav_header(sample_rate=self.form.sample_rate, encoding=self.form.encoding))
        await speak(_write_out)

    async def _write_wav(self, path: Path, speak: _Speak) -> None:
        assert self.form.sample_rate is not None
        with WavRecording(
            path, sample_rate=self.form.sample_rate, encoding=self.form.encoding, overwrite=self.overwrite
        ) as recording:
            await speak(recording.write)
            await recording.save()

    async def _write(self, path: Path, speak: _Speak) -> None:
        from ..transport.files import replacing

        async with replacing(path) as file:
            await speak(file.write)
            check_new(path, overwrite=self.overwrite)

    def _amount(self) -> str:
        seconds = self._seconds
        return f"{self._written:,} bytes" if seconds is None else f"{seconds:.1f} s of speech"

    @property
    def _seconds(self) -> float | None:
        return self._written / self.form.byte_rate if self.form.byte_rate else None

    def _report(self) -> dict[str, Any]:
        return {
            "path": None if self.path is None else str(self.path),
            "encoding": self.form.encoding,
            "sample_rate": self.form.sample_rate,
            "audio_bytes": self._written,
            "audio_s": self._seconds,
            "request_ids": self.request_ids,
        }


async def _write_out(chunk: bytes) -> None:
    def write() -> None:
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()

    await anyio.to_thread.run_sync(write)
