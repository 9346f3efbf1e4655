"""Write the table of REST operations into docs/rest.md, or say that it is stale.

python scripts/operations_table.py [--check]
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence
from pathlib import Path

from deepgram_anyio.protocol.rest.base import Operation
from deepgram_anyio.protocol.rest.operations import OPERATIONS

__all__ = ["main", "page"]

PAGE = Path(__file__).parent.parent / "docs" / "rest.md"

_HEAD = """\
# REST operations

Every operation of the API and the call that makes it. Written by `make docs` from
`deepgram_anyio/protocol/rest/operations.py`, which the client calls and the embedded server routes.

| call on a client | method | path | query | JSON body | answer |
|---|---|---|---|---|---|
"""

_FOOT = """
`listen.v1.transcribe_url` makes the same request as `transcribe_file`, with a JSON body `AnalyzeUrl`;
`read.v1.analyze` has that body when it is given a URL. `speak.*.stream` and `speak.*.save` make the same request as
`generate`. With a callback, the answer is a `TranscriptionAccepted`, `SpeechAccepted` or `AnalysisAccepted`.

Besides what is listed, every call takes `timeout`, `max_retries`, `extra_query` and `extra_headers`. The types are in
`deepgram_anyio.protocol.rest`. The published specification lacks `sample_rate`, `channels`, `language_hint`,
`alternatives`, `tier`, `detect_topics` and `diarize_version` of `listen`, and `speed` and `expressivity` of `speak.v2`.
"""


def page() -> str:
    """Return the page as it ought to be."""
    return _HEAD + "".join(_row(operation) for operation in OPERATIONS) + _FOOT


def _row(operation: Operation[object]) -> str:
    names = ", ".join(f"`{name}`" for name in operation.query.__struct_fields__)
    if len(operation.query.__struct_fields__) > 8:
        names = f"the {len(operation.query.__struct_fields__)} fields of `{operation.query.__name__}`"
    body = f"`{operation.body.__name__}`" if operation.body is not None else "—"
    if operation.path == "/v1/listen":
        body = "audio, or `AnalyzeUrl`"
    host = ", on the agent's host" if operation.agent_host else ""
    cells = (
        f"`{operation.call}`",
        operation.method,
        f"`{operation.path}`{host}",
        names or "—",
        body,
        f"`{operation.returns.__name__}`",
    )
    return f"| {' | '.join(cells)} |\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the page is stale")
    check: bool = parser.parse_args(arguments).check
    wanted, there = page(), PAGE.read_text("utf-8") if PAGE.exists() else ""
    if not check:
        PAGE.write_text(wanted, "utf-8")
    elif wanted != there:
        before, after = (text.splitlines(keepends=True) for text in (there, wanted))
        sys.stdout.writelines(difflib.unified_diff(before, after, "as it is", "as it should be"))
        sys.stdout.write(f"{PAGE.name}: stale; run make docs\n")
        return 1
    sys.stdout.write(f"{PAGE.name}: {len(OPERATIONS)} operations, up to date\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
