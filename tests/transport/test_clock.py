"""Which event loop runs: found out without importing trio, and with every trio there is."""

from __future__ import annotations

import subprocess
import sys

import anyio
import pytest
import sniffio
import trio

from deepgram_anyio.transport.clock import loop_clock, running_trio


@pytest.mark.anyio
async def test_the_loop_that_runs_is_found_also_with_an_older_trio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(trio.lowlevel, "in_trio_run", raising=False)  # came with trio 0.28
    assert running_trio() is (trio if sniffio.current_async_library() == "trio" else None)
    before = anyio.current_time()
    assert before <= loop_clock()() <= anyio.current_time()


def test_outside_of_every_loop_there_is_no_trio() -> None:
    assert running_trio() is None


def test_trio_is_not_imported_to_find_out() -> None:
    program = "import sys; from deepgram_anyio.transport.clock import running_trio; print(running_trio(), *sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == "None"
    assert "trio" not in done.stdout.split()
