"""Speech on the command line: where its audio comes from, and where it goes."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from .api_parameters import is_flux, sort_parameters
from .devices import sound_failures
from .failures import CommandError
from .new_file import WavRecording, check_new
from .output import Output
from .speech_format import FileFormat, SpeechForm

if TYPE_CHECKING:
    from ..client import DeepgramClient

__all__ = ["Speaking"]

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
        async with aclosing(self._audio(dg, texts)) as audio:
            if self.path is None:
                await self._play(audio)
            elif str(self.path) == "-":
                await self._pipe(audio)
            elif self.form.file is FileFormat.WAV:
                await self._write_wav(self.path, audio)
            else:
                await self._write(self.path, audio)
        if self.output.json:
            self.output.document(self._report())
        elif self.path is not None and str(self.path) != "-":
            self.output.note(f"{self.path}: {self._amount()}")

    async def _audio(self, dg: DeepgramClient, texts: AsyncIterator[str]) -> AsyncGenerator[bytes, None]:
        source = self._streamed(dg, texts) if self.stream else self._requested(dg, texts)
        with self.output.progress("Speaking", unit="bytes") as bar:
            async with aclosing(source):
                async for chunk in source:
                    self._written += len(chunk)
                    bar.update(self._written)
                    yield chunk

    async def _requested(self, dg: DeepgramClient, texts: AsyncIterator[str]) -> AsyncGenerator[bytes, None]:
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
                        yield chunk

    async def _streamed(self, dg: DeepgramClient, texts: AsyncIterator[str]) -> AsyncGenerator[bytes, None]:
        from .. import FluxSpeakOptions, SpeakOptions

        flux = is_flux(self.parameters)
        service: Any = dg.speak.v2 if flux else dg.speak.v1
        fields = (FluxSpeakOptions if flux else SpeakOptions).__struct_fields__
        known, unknown = sort_parameters(self.form.stream_parameters | self.parameters, fields)
        async with service.connect(split_long_text=True, extra_query=unknown, **known) as connection:
            self._note_request(connection.request_id)
            async for text in texts:
                async for chunk in connection.synthesize(text):
                    yield chunk

    def _note_request(self, request_id: str | None) -> None:
        if request_id is not None:
            self.request_ids.append(request_id)

    async def _play(self, audio: AsyncIterator[bytes]) -> None:
        from ..transport.tasks import background_tasks

        with sound_failures("write a file with -o PATH"):
            from ..audio import Speaker

            assert self.form.sample_rate is not None
            async with Speaker(device=self.device, sample_rate=self.form.sample_rate) as speaker:
                send, receive = anyio.create_memory_object_stream[bytes](_AHEAD)

                async def fetch() -> None:
                    async with send:
                        async for chunk in audio:
                            await send.send(chunk)

                async with background_tasks() as tasks, receive:
                    tasks.start_soon(fetch)
                    async for chunk in receive:
                        await speaker.send(chunk)
                    await speaker.drain()

    async def _pipe(self, audio: AsyncIterator[bytes]) -> None:
        from ..protocol.wav import wav_header

        if self.form.file is FileFormat.WAV:
            assert self.form.sample_rate is not None
            sys.stdout.buffer.write(wav_header(sample_rate=self.form.sample_rate, encoding=self.form.encoding))
        async for chunk in audio:
            await anyio.to_thread.run_sync(_write_out, chunk)

    async def _write_wav(self, path: Path, audio: AsyncIterator[bytes]) -> None:
        assert self.form.sample_rate is not None
        with WavRecording(
            path, sample_rate=self.form.sample_rate, encoding=self.form.encoding, overwrite=self.overwrite
        ) as recording:
            async for chunk in audio:
                await recording.write(chunk)
            await recording.save()

    async def _write(self, path: Path, audio: AsyncIterator[bytes]) -> None:
        from ..transport.files import replacing

        async with replacing(path) as file:
            async for chunk in audio:
                await file.write(chunk)
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


def _write_out(chunk: bytes) -> None:
    sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()
