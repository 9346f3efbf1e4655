"""A sound library that the test plays; after the test, no stream is open."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from .fake_host import FakeHost


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHost]:
    found = FakeHost()
    monkeypatch.setitem(sys.modules, "sounddevice", found)
    yield found
    assert found.are_all_closed(within_s=5)
