"""``transcribe`` with many recordings: a batch, what a person sees of it, and how it ends."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .batch_view import BatchView, clock
from .failures import EXIT_SOME_FAILED, CommandError, describe
from .output import Output
from .running import finishing, run_async
from .settings import Settings

if TYPE_CHECKING:
    from .. import DeepgramClient
    from ..bulk import Batch, Manifest, Recording, Transcribed

__all__ = ["BatchChoices", "transcribe_batch"]

_MANIFEST = "transcribe.jsonl"
_GRACE_S = 60.0
_MOST_KEPT = 100
_MOST_LISTED = 20


@dataclass(frozen=True, kw_only=True)
class BatchChoices:
    """What a batch was asked to do; see the options of ``transcribe``."""

    sources: list[str]
    params: dict[str, Any]
    format: Literal["text", "json", "srt", "vtt"]
    output_dir: Path | None
    overwrite: bool
    jobs: int
    recursive: bool
    glob: str | None
    manifest: Path | None
    checksum: bool

    def manifest_path(self) -> Path:
        """Where the manifest is: with the results, if they have one place."""
        if self.manifest is not None:
            return self.manifest
        if self.output_dir is not None:
            return self.output_dir / _MANIFEST
        only = Path(self.sources[0])
        return only / _MANIFEST if len(self.sources) == 1 and only.is_dir() else Path(_MANIFEST)

    def recordings(self) -> Iterator[Recording]:
        """Go through the recordings, those of folders in their order."""
        return chain.from_iterable(self._below(source) for source in self.sources)

    def _below(self, source: str) -> Iterable[Recording]:
        from dataclasses import replace

        from ..bulk import Recording, find_recordings

        if not os.path.isdir(source):
            return [Recording(source=source)]
        found = find_recordings(source, recursive=self.recursive, pattern=self.glob)
        if len(self.sources) == 1:
            return found
        # Of several folders, each has one of its own for its results.
        parent = Path(os.path.abspath(source)).name
        return (replace(recording, name=os.path.join(parent, recording.name or "")) for recording in found)


@dataclass
class _Tally:
    """What came of a batch so far."""

    done: int = 0
    failed: int = 0
    skipped: int = 0
    audio_s: float = 0.0
    again: dict[str, int] = field(default_factory=dict)
    failures: list[dict[str, Any]] = field(default_factory=list)

    def count(self, outcome: Transcribed) -> None:
        if outcome.state == "skipped":
            self.skipped += 1
            return
        if outcome.reason not in (None, "new"):
            self.again[str(outcome.reason)] = self.again.get(str(outcome.reason), 0) + 1
        if outcome.state == "done":
            self.done += 1
            self.audio_s += outcome.duration_s
            return
        self.failed += 1
        failure = None if outcome.error is None else describe(outcome.error)
        if failure is not None and len(self.failures) < _MOST_KEPT:
            self.failures.append({"key": outcome.key, **failure.document})


def transcribe_batch(settings: Settings, output: Output, choices: BatchChoices) -> int:
    """Transcribe many recordings, and tell how far it is and what came of it.

    Args:
        settings: the shared options.
        output: where it is told.
        choices: what to do.

    Returns:
        The exit code.
    """
    total = sum(1 for _ in choices.recordings())
    if total == 0:
        raise CommandError("there is no recording there: see --glob and --recursive", kind="file")
    run = _BatchRun(output, choices, total)

    async def main(dg: DeepgramClient) -> int:
        try:
            await run.go(dg)
        finally:
            run.tell()
        return EXIT_SOME_FAILED if run.tally.failed else 0

    return run_async(settings, main)


class _BatchRun:
    """One run of a batch."""

    def __init__(self, output: Output, choices: BatchChoices, total: int) -> None:
        self.tally = _Tally()
        self._output = output
        self._choices = choices
        self._total = total
        self._manifest_path = choices.manifest_path()
        self._view = BatchView(output, total)
        self._batch: Batch[Transcribed] | None = None
        self._given_up = 0
        self._failure: Exception | None = None
        self._interrupted = False

    async def go(self, dg: DeepgramClient) -> None:
        """Transcribe all. Cancelled, it starts nothing new, and waits for what is under way, for a while."""
        import anyio

        over = anyio.Event()
        working = anyio.CancelScope(shield=True)

        async def work() -> None:
            try:
                with working:
                    await self._work(dg)
            except Exception as error:  # noqa: BLE001 - raised again below, outside of the task group
                self._failure = error
            finally:
                over.set()

        with self._view:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(work)
                try:
                    await over.wait()
                except anyio.get_cancelled_exc_class():
                    self._interrupt()
                    with finishing(_GRACE_S):
                        await over.wait()
                    working.cancel()
                    raise
        if self._failure is not None:
            raise self._failure

    async def _work(self, dg: DeepgramClient) -> None:
        from ..bulk import ManifestError, open_manifest, transcribe_many

        choices = self._choices
        try:
            async with (
                open_manifest(self._manifest_path) as manifest,
                transcribe_many(
                    dg,
                    choices.recordings(),
                    jobs=choices.jobs,
                    manifest=manifest,
                    output_dir=choices.output_dir,
                    output_format=choices.format,
                    overwrite=choices.overwrite,
                    checksum=choices.checksum,
                    grace_s=_GRACE_S,
                    **choices.params,
                ) as batch,
            ):
                self._tell_unanswered(manifest)
                self._batch = batch
                async for outcome in batch:
                    self.tally.count(outcome)
                    self._view.show(self.tally.done, self.tally.failed, self.tally.skipped, self.tally.audio_s)
        except ManifestError as error:
            raise CommandError(str(error), kind="file") from error
        finally:
            self._given_up = 0 if self._batch is None else self._batch.given_up

    def _interrupt(self) -> None:
        self._interrupted = True
        if self._batch is not None:
            self._batch.stop()
            if self._batch.under_way:
                self._view.print(f"Waiting for {self._batch.under_way} under way; Ctrl-C again stops at once.")

    def _tell_unanswered(self, manifest: Manifest) -> None:
        if manifest.unanswered:
            count = _count(len(manifest.unanswered), "recording")
            self._view.print(
                f"warning: {count} had been sent and not answered when an earlier run ended: "
                "sent again, they may be billed twice."
            )

    def tell(self) -> None:
        """Say what came of it."""
        tally = self.tally
        left = self._total - tally.done - tally.failed - tally.skipped
        if self._output.json:
            if self._failure is None:
                self._output.document(self._document(left))
            return
        parts = [f"{tally.done:,} done", f"{tally.failed:,} failed"] + [f"{tally.skipped:,} done before"] * bool(
            tally.skipped
        )
        parts += [f"{left:,} left"] * bool(left)
        self._output.note(f"{', '.join(parts)}; {clock(tally.audio_s)} of audio.")
        for reason, count in tally.again.items():
            self._output.note(f"{_count(count, 'recording')} sent again: {reason}.")
        if tally.failures:
            rows = [(failure["key"], failure["error"]["message"]) for failure in tally.failures[:_MOST_LISTED]]
            self._tell_failures(rows)
        if self._given_up:
            self._output.warn(f"{_count(self._given_up, 'recording')} sent and not waited for; may be billed twice")
        if self._interrupted and left:
            self._output.note("Interrupted; the same command goes on from here.")
        self._output.note(f"Manifest: {self._manifest_path}")

    def _tell_failures(self, rows: list[tuple[str, str]]) -> None:
        for key, message in rows:
            self._output.note(f"failed: {key}: {message}", style="red")
        if self.tally.failed > len(rows):
            self._output.note(f"... and {self.tally.failed - len(rows):,} more: see the manifest.")

    def _document(self, left: int) -> dict[str, Any]:
        tally = self.tally
        return {
            "done": tally.done,
            "failed": tally.failed,
            "skipped": tally.skipped,
            "left": left,
            "unanswered": self._given_up,
            "interrupted": self._interrupted,
            "duration_s": round(tally.audio_s, 3),
            "sent_again": tally.again,
            "manifest": str(self._manifest_path),
            "failures": tally.failures,
        }


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
