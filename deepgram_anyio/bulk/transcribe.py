"""Many recordings at a time, each sent once, whatever happens in between."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import anyio
import anyio.to_thread
import msgspec

from ..errors import ConfigError, DeepgramError
from ..protocol.rest.prerecorded_options import PrerecordedOptions
from ..protocol.rest.transcription import Transcription
from ..services.rest_params import Asked, sort_params
from ..services.transcribe import TranscribeParams
from ..transport.bodies import Progress
from .batch import HOPELESS, Batch, running_batch
from .manifest import Manifest, ManifestError, Record, open_manifest
from .outputs import OutputFormat, Outputs, render, save
from .planning import Plan, Planner, Reason, recorded_error
from .recordings import Recording, recording_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..client import DeepgramClient

__all__ = [
    "ItemProgress",
    "Perform",
    "Source",
    "Sources",
    "Transcribed",
    "run_batch",
    "sort_batch_params",
    "transcribe_many",
]

Source: TypeAlias = "str | os.PathLike[str] | Recording"
"""A recording: a path, a URL, or a `Recording`."""
Sources: TypeAlias = "Iterable[Source] | AsyncIterable[Source]"
"""Recordings, taken one by one."""

Perform: TypeAlias = Callable[[Recording, Progress], Awaitable[Transcription]]
"""Gets one recording transcribed, and tells how much of it was sent."""

_DISK_ERRORS = {errno.ENOSPC, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC)}


@dataclass(frozen=True, kw_only=True)
class Transcribed:
    """What became of a recording.

    Attributes:
        recording: the recording.
        key: what the manifest calls it.
        state: ``done``, ``failed`` or ``skipped``.
        reason: why it was sent, or skipped; None when it could not even be looked at.
        output: the file with its result; None when none was written.
        transcription: what was said; None when it failed or was skipped.
        error: why it failed.
    """

    recording: Recording
    key: str
    state: Literal["done", "failed", "skipped"]
    reason: Reason | None
    output: Path | None = None
    transcription: Transcription | None = None
    error: Exception | None = None

    @property
    def duration_s(self) -> float:
        """Seconds of audio that were transcribed."""
        return 0.0 if self.transcription is None else self.transcription.duration_s

    @property
    def request_id(self) -> str | None:
        """The answer's identifier, also of a refusal; None when there is none."""
        return getattr(self.transcription if self.error is None else self.error, "request_id", None)


@dataclass(frozen=True, kw_only=True)
class ItemProgress:
    """How far a recording is.

    Attributes:
        key: what the manifest calls it.
        recording: the recording.
        state: ``started``, ``sending``, and at the end the state of its `Transcribed`.
        reason: why it is sent, or skipped.
        sent_bytes: how much of it was sent; begins anew when it is sent again.
        total_bytes: how long it is; None when nobody knows, as for a URL.
        outcome: at the end, what became of it.
    """

    key: str
    recording: Recording
    state: Literal["started", "sending", "done", "failed", "skipped"]
    reason: Reason | None
    sent_bytes: int = 0
    total_bytes: int | None = None
    outcome: Transcribed | None = None


@asynccontextmanager
async def transcribe_many(
    dg: DeepgramClient,
    sources: Sources,
    options: PrerecordedOptions | None = None,
    *,
    jobs: int = 8,
    manifest: str | os.PathLike[str] | Manifest | None = None,
    output_dir: str | os.PathLike[str] | None = None,
    output_format: OutputFormat | None = None,
    overwrite: bool = False,
    checksum: bool = False,
    grace_s: float = 30.0,
    on_progress: Callable[[ItemProgress], object] | None = None,
    **params: Unpack[TranscribeParams],
) -> AsyncIterator[Batch[Transcribed]]:
    """Transcribe many recordings, some at a time.

    ```python
    async with transcribe_many(dg, find_recordings("calls"), jobs=32, manifest="calls.jsonl", output_dir="t") as batch:
        async for outcome in batch:
            print(outcome.key, outcome.state)
    ```

    With a manifest, it can be interrupted, or killed, and started again: what is done is skipped, and nothing is sent
    twice but what had been sent and not answered when the process died. Files are streamed, and sources are taken when
    there is room, so that memory grows with `jobs` and with the manifest, about 0.5 KB for each item, and with
    nothing else. A recording that fails does not stop the others; credentials that are refused, an account without
    credit and a full disk do, and are raised by the iteration.

    However the block ends, recordings that were sent get `grace_s` seconds for their answers, and what arrives is
    saved. That goes for cancellation, too, unless `Batch.stop` was called before: then it stops at once.

    Args:
        dg: an open client. Its retries are all that there are.
        sources: paths, URLs and `Recording`; a list, or any iterable or async iterable. See `find_recordings`.
        options: parameters in a struct, the same for all.
        jobs: how many are under way at a time, at most; from 1. More than `Limits.max_connections` wait for one.
        manifest: the file that remembers, or an open `Manifest`; None for none. Keys and outputs are relative to its
            folder, which can be moved with all that is in it.
        output_dir: folder for the results; None for beside each file.
        output_format: ``text``, ``json``, ``srt`` or ``vtt``; None for ``json`` with an `output_dir`, and for no files
            without. ``call.wav`` becomes ``call.wav.txt``.
        overwrite: write over files that are there and that the manifest does not know as the recording's own.
        checksum: keep a SHA-256 of each file, and do it again only when that has changed; else when its size or its
            time of modification has.
        grace_s: seconds, from 0.
        on_progress: called from the event loop with an `ItemProgress`.
        **params: parameters by name, which win over `options`; also those of `CallParams`.

    Yields:
        A `Batch`: iterate over it for a `Transcribed` each, in the order in which they end.

    Raises:
        ConfigError: options that cannot work, or that send the results elsewhere (``callback``).
        ManifestError: the manifest is another process's, or is none, or cannot be written.
    """
    asked = sort_batch_params(options, params)

    async def perform(recording: Recording, sent: Progress) -> Transcription:
        if recording.url is not None:
            return await dg.listen.v1.transcribe_url(recording.url, asked.query, **asked.call)
        return await dg.listen.v1.transcribe_file(recording.source, asked.query, on_progress=sent, **asked.call)

    if output_format is None and output_dir is not None:
        output_format = "json"
    folder = None if output_dir is None else Path(output_dir)
    outputs = Outputs(format=output_format, folder=folder, overwrite=overwrite)
    async with run_batch(
        perform,
        sources,
        asked,
        jobs=jobs,
        manifest=manifest,
        outputs=outputs,
        checksum=checksum,
        grace_s=grace_s,
        on_progress=on_progress,
    ) as batch:
        yield batch


def sort_batch_params(options: PrerecordedOptions | None, params: TranscribeParams) -> Asked:
    """Check the options of a batch.

    Raises:
        ConfigError: they cannot work, or send the results elsewhere.
    """
    asked = sort_params(PrerecordedOptions, options, params)
    if asked.calls_back:
        raise ConfigError("a batch takes no callback: it waits for the results and saves them")
    return asked


@asynccontextmanager
async def run_batch(
    perform: Perform,
    sources: Sources,
    asked: Asked,
    *,
    jobs: int,
    manifest: str | os.PathLike[str] | Manifest | None,
    outputs: Outputs,
    checksum: bool,
    grace_s: float,
    on_progress: Callable[[ItemProgress], object] | None,
) -> AsyncIterator[Batch[Transcribed]]:
    """Run a batch, whoever does the work; see `transcribe_many`."""
    async with AsyncExitStack() as stack:
        if manifest is not None and not isinstance(manifest, Manifest):
            manifest = await stack.enter_async_context(open_manifest(manifest))
        planner = Planner(manifest, outputs, _fingerprint(asked, outputs), checksum=checksum)
        run = _Run(perform, planner, manifest, outputs, on_progress)
        yield await stack.enter_async_context(running_batch(run.one, sources, jobs=jobs, grace_s=grace_s))


class _Run:
    """One batch: a recording goes through `one`, from plan to manifest."""

    def __init__(
        self,
        perform: Perform,
        planner: Planner,
        manifest: Manifest | None,
        outputs: Outputs,
        on_progress: Callable[[ItemProgress], object] | None,
    ) -> None:
        self._perform = perform
        self._planner = planner
        self._manifest = manifest
        self._outputs = outputs
        self._on_progress = on_progress
        self._busy: set[str | Path] = set()

    async def one(self, source: object) -> Transcribed:
        recording = recording_of(source)
        try:
            plan = await self._plan(recording)
        except ConfigError as error:
            return await self._refuse(recording, error)
        if plan.skipped:
            return self._tell(Transcribed(recording=recording, key=plan.key, state="skipped", reason=plan.reason))
        claimed: set[str | Path] = {plan.key} if plan.output is None else {plan.key, plan.output}
        self._busy |= claimed
        try:
            return await self._send(recording, plan)
        finally:
            self._busy -= claimed

    async def _plan(self, recording: Recording) -> Plan:
        while True:
            plan = await anyio.to_thread.run_sync(self._planner.plan, recording)
            if plan.key in self._busy:
                return plan._replace(reason="twice")
            if plan.output in self._busy:
                raise ConfigError(f"{plan.output} is where another recording's result goes")
            # Meanwhile the same recording, listed twice, may have been done.
            if self._manifest is None or self._manifest.known(plan.key) is plan.known:
                return plan

    async def _refuse(self, recording: Recording, error: ConfigError) -> Transcribed:
        """Note a failure of what is not even sent."""
        known = None
        if self._manifest is not None:
            known = self._manifest.known(self._planner.key_of(recording))
        facts = self._planner.refused(recording, known)
        if known is None or known.state != "sent":  # what may have been billed stays known as such
            await self._record(msgspec.structs.replace(facts, error=recorded_error(error)))
        return self._tell(Transcribed(recording=recording, key=facts.key, state="failed", reason=None, error=error))

    async def _send(self, recording: Recording, plan: Plan) -> Transcribed:
        self._report(ItemProgress(key=plan.key, recording=recording, state="started", reason=plan.reason))
        await self._record(plan.facts)

        def sent(sent_bytes: int, total_bytes: int | None) -> None:
            self._report(
                ItemProgress(
                    key=plan.key,
                    recording=recording,
                    state="sending",
                    reason=plan.reason,
                    sent_bytes=sent_bytes,
                    total_bytes=total_bytes,
                )
            )

        try:
            transcription = await self._perform(recording, sent)
        except (DeepgramError, OSError) as error:
            return await self._failed(recording, plan, error)
        return await self._done(recording, plan, transcription)

    async def _done(self, recording: Recording, plan: Plan, transcription: Transcription) -> Transcribed:
        done = msgspec.structs.replace(
            plan.facts,
            state="done",
            at=datetime.now(timezone.utc),
            request_id=transcription.request_id,
            duration_s=transcription.duration_s,
        )
        try:
            # It is paid for: from here on nothing keeps it from being saved.
            with anyio.CancelScope(shield=True):
                if plan.output is not None:
                    await anyio.to_thread.run_sync(self._write, plan, plan.output, transcription)
                await self._record(done)
        except ManifestError:
            raise
        except (DeepgramError, OSError) as error:
            return await self._failed(recording, plan, error, transcription)
        return self._tell(
            Transcribed(
                recording=recording,
                key=plan.key,
                state="done",
                reason=plan.reason,
                output=plan.output,
                transcription=transcription,
            )
        )

    def _write(self, plan: Plan, output: Path, transcription: Transcription) -> None:
        assert self._outputs.format is not None
        data = render(transcription, self._outputs.format)
        save(output, data, replace=plan.replace, alone=self._manifest is not None)

    async def _failed(
        self, recording: Recording, plan: Plan, error: Exception, transcription: Transcription | None = None
    ) -> Transcribed:
        with anyio.CancelScope(shield=True):
            await self._record(
                msgspec.structs.replace(
                    plan.facts,
                    state="failed",
                    at=datetime.now(timezone.utc),
                    request_id=getattr(error if transcription is None else transcription, "request_id", None),
                    error=recorded_error(error),
                )
            )
        outcome = Transcribed(
            recording=recording,
            key=plan.key,
            state="failed",
            reason=plan.reason,
            transcription=transcription,
            error=error,
        )
        self._tell(outcome)
        if isinstance(error, HOPELESS) or (isinstance(error, OSError) and error.errno in _DISK_ERRORS):
            raise error
        return outcome

    async def _record(self, record: Record) -> None:
        if self._manifest is not None:
            await self._manifest.append(record)

    def _tell(self, outcome: Transcribed) -> Transcribed:
        self._report(
            ItemProgress(
                key=outcome.key,
                recording=outcome.recording,
                state=outcome.state,
                reason=outcome.reason,
                outcome=outcome,
            )
        )
        return outcome

    def _report(self, progress: ItemProgress) -> None:
        if self._on_progress is not None:
            self._on_progress(progress)


def _fingerprint(asked: Asked, outputs: Outputs) -> str:
    """Digest what makes a difference to the results."""
    query: Any = asked.query
    told = f"{query.to_query(asked.call.get('extra_query'))}\n{outputs.format}"
    return hashlib.sha256(told.encode()).hexdigest()[:16]
