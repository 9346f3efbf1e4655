"""A recorder for each test, which sees to it that every span ends once."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from .support import Recorder


@pytest.fixture
def recorder(caplog: pytest.LogCaptureFixture) -> Iterator[Recorder]:
    made = Recorder()
    yield made
    made.close()
    assert made.unfinished == 0
    # The SDK complains of spans that end twice, and of values that it cannot take.
    complaints = [record for record in caplog.records if record.name.startswith("opentelemetry")]
    assert [record.getMessage() for record in complaints if record.levelno >= logging.WARNING] == []
