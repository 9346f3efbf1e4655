"""Fixtures for tests in a browser; without one they are skipped, and say so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .. import spoken as speech
from .browser import CHROMIUM, NO_CHROMIUM, chromium

SPOKEN = "Glue the sheet to the dark blue background."


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a WAV file in which the embedded voice says `SPOKEN`."""
    path = tmp_path_factory.mktemp("microphone") / "spoken.wav"
    path.write_bytes(speech.spoken(SPOKEN, silence_s=1.0))
    return path


@pytest.fixture(scope="session")
def devtools(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a browser whose microphone hears `spoken`, and give the URL of its DevTools."""
    if CHROMIUM is None:
        pytest.skip(NO_CHROMIUM)
    with chromium(request.getfixturevalue("spoken")) as url:
        yield url
