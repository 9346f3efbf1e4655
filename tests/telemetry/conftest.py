"""A recorder for each test, which sees to it that every span ends once and says nothing that is not documented."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from . import documented
from .support import Recorder, events


@pytest.fixture
def recorder(caplog: pytest.LogCaptureFixture) -> Iterator[Recorder]:
    made = Recorder()
    yield made
    said = set(made.points())
    made.close()
    assert made.unfinished == 0
    # The SDK complains of spans that end twice, and of values that it cannot take.
    complaints = [record for record in caplog.records if record.name.startswith("opentelemetry")]
    assert [record.getMessage() for record in complaints if record.levelno >= logging.WARNING] == []
    assert said <= documented.metrics()
    for span in made.ended:
        assert set(span.attributes or {}) <= documented.attributes()
        for name, attributes in events(span):
            assert name in documented.events()
            assert set(attributes) <= documented.attributes()
