"""What to do with a recording, by what is known of it."""

from __future__ import annotations

import hashlib
import os
import stat
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from ..errors import ApiError, ConfigError
from .manifest import Known, Manifest, Record, RecordedError
from .outputs import Outputs
from .recordings import Recording, relative_key

__all__ = ["Plan", "Planner", "Reason", "recorded_error"]

Reason: TypeAlias = Literal[
    "new", "failed before", "unanswered", "file changed", "options changed", "output missing", "already done", "twice"
]
"""Why a recording is sent, or not: the last two are skipped. ``unanswered`` may be billed twice."""

_PIECE_BYTES = 1024 * 1024


class Plan(NamedTuple):
    """What to do with a recording.

    Attributes:
        key: what the manifest calls it.
        reason: why it is sent, or skipped.
        known: what the manifest said when this was planned.
        output: where its result goes.
        replace: put the result in the place of what is there.
        facts: what the manifest is told about it each time.
    """

    key: str
    reason: Reason
    known: Known | None
    output: Path | None
    replace: bool
    facts: Record

    @property
    def skipped(self) -> bool:
        """Whether there is nothing to do."""
        return self.reason in ("already done", "twice")


class Planner:
    """Plans, with one set of options, one manifest and one place for outputs."""

    def __init__(self, manifest: Manifest | None, outputs: Outputs, options: str, *, checksum: bool) -> None:
        """
        Args:
            manifest: what is known; None for nothing.
            outputs: where results go.
            options: fingerprint of everything that makes a difference to the results.
            checksum: a file is another one when its content is, and not when only its time is.
        """
        self._manifest = manifest
        self._folder = None if manifest is None else os.path.realpath(manifest.path.parent)
        self._outputs = outputs
        self._options = options
        self._checksum = checksum

    def key_of(self, recording: Recording) -> str:
        """Return what the manifest calls a recording."""
        return recording.key_in(self._folder)

    def plan(self, recording: Recording) -> Plan:
        """Look at a recording, at what is known of it, and at its output. Blocks.

        Raises:
            ConfigError: it cannot be read, or something else lies where its output goes.
        """
        recording.check()
        key = self.key_of(recording)
        known = None if self._manifest is None else self._manifest.known(key)
        output = self._outputs.path_of(recording)
        facts = self._look_at(recording, key, known, output)
        reason = self._reason(known, facts)
        ours = known is not None and known.output is not None and known.output == facts.output
        plan = Plan(key, reason, known, output, self._outputs.overwrite or ours, facts)
        if output is not None and not plan.skipped and not plan.replace and os.path.lexists(output):
            raise ConfigError(f"{output} is already there, and no manifest says that it belongs to this recording")
        return plan

    def refused(self, recording: Recording, known: Known | None) -> Record:
        """Return the facts of a recording that is not even sent; its last output stays its own."""
        now = datetime.now(timezone.utc)
        output = None if known is None else known.output
        return Record(key=self.key_of(recording), state="failed", at=now, options=self._options, output=output)

    def _look_at(self, recording: Recording, key: str, known: Known | None, output: Path | None) -> Record:
        size_bytes = mtime_ns = sha256 = None
        if recording.url is None:
            try:
                found = os.stat(recording.path)
                if stat.S_ISREG(found.st_mode):
                    size_bytes, mtime_ns = found.st_size, found.st_mtime_ns
                    if self._checksum:
                        sha256 = _known_sha256(known, found) or _sha256(recording.path)
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or error
                raise ConfigError(f"cannot read {recording.label}: {reason}") from error
        return Record(
            key=key,
            state="sent",
            at=datetime.now(timezone.utc),
            size_bytes=size_bytes,
            mtime_ns=mtime_ns,
            sha256=sha256,
            options=self._options,
            output=None if output is None or self._folder is None else relative_key(output, self._folder),
        )

    def _reason(self, known: Known | None, facts: Record) -> Reason:
        if known is None:
            return "new"
        if known.state == "failed":
            return "failed before"
        if known.state == "sent":
            return "unanswered"
        if known.options != facts.options:
            return "options changed"
        if _changed(known, facts):
            return "file changed"
        # Where it lies does not matter: to have it elsewhere is no reason to pay for it again.
        if known.output is not None and not os.path.lexists(os.path.join(self._folder or "", known.output)):
            return "output missing"
        return "already done"


def _changed(known: Known, facts: Record) -> bool:
    if known.sha256 is not None and facts.sha256 is not None:
        return known.sha256 != facts.sha256
    return (known.size_bytes, known.mtime_ns) != (facts.size_bytes, facts.mtime_ns)


def recorded_error(error: Exception) -> RecordedError:
    """Return an error as the manifest keeps it."""
    message = error.message if isinstance(error, ApiError) else str(error)
    return RecordedError(
        type=type(error).__name__,
        message=message,
        status=getattr(error, "status", None),
        code=getattr(error, "code", None) if isinstance(error, ApiError) else None,
    )


def _known_sha256(known: Known | None, found: os.stat_result) -> str | None:
    if known is None or (known.size_bytes, known.mtime_ns) != (found.st_size, found.st_mtime_ns):
        return None
    return known.sha256


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()
