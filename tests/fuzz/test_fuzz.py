"""The fuzz harnesses under hypothesis, with a small budget: their seeds, damaged in every way, and any bytes."""

from __future__ import annotations

from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from . import fuzz_codec, fuzz_framing, fuzz_handshake, fuzz_wav

HARNESSES = [fuzz_framing, fuzz_handshake, fuzz_codec, fuzz_wav]


@st.composite
def damaged(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """One or two seeds, one after the other, with pieces replaced, removed or repeated."""
    data = b"".join(draw(st.lists(st.sampled_from(seeds), min_size=1, max_size=2)))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(data)))
        stop = draw(st.integers(start, min(len(data), start + 8)))
        middle = draw(st.binary(max_size=8) | st.integers(0, 3).map(data[start:stop].__mul__))
        data = data[:start] + middle + data[stop:]
    return data


@pytest.mark.parametrize("harness", HARNESSES, ids=lambda harness: harness.__name__.rpartition("_")[2])
def test_seeds(harness: ModuleType) -> None:
    for seed in harness.SEEDS:
        harness.check(seed)


@pytest.mark.parametrize("harness", HARNESSES, ids=lambda harness: harness.__name__.rpartition("_")[2])
def test_damaged_seeds_and_any_bytes(harness: ModuleType) -> None:
    @settings(max_examples=200)
    @given(damaged(harness.SEEDS) | st.binary(max_size=300))
    def run(data: bytes) -> None:
        harness.check(data)

    run()
