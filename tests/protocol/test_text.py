"""Texts cut to the length of a message: nothing lost, nothing said twice, and cut where a speaker would pause."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.errors import ConfigError
from deepgram_anyio.protocol.text import MAX_TEXT_CHARS, fitting_texts, split_text

from . import steady


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("", 10, []),
        ("short", 10, ["short"]),
        ("One two. Three four.", 20, ["One two. Three four."]),
        ("One two. Three four.", 19, ["One two. ", "Three four."]),
        ("One. Two. Three. Four.", 12, ["One. Two. ", "Three. Four."]),
        ('He said "No!" Then he left.', 20, ['He said "No!" ', "Then he left."]),
        ("no sentence ends here", 12, ["no sentence ", "ends here"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("first line\nsecond line", 15, ["first line\n", "second line"]),
        ("一。二。三。", 4, ["一。二。", "三。"]),
    ],
)
def test_where_it_is_cut(text: str, limit: int, pieces: list[str]) -> None:
    assert split_text(text, limit) == pieces


@steady(200)
@given(st.text(st.sampled_from("ab .!?\n\"'é"), max_size=300), st.integers(1, 40))
def test_pieces_fit_and_make_up_the_text(text: str, limit: int) -> None:
    pieces = split_text(text, limit)
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= limit for piece in pieces)


def test_a_long_text_is_refused_or_cut() -> None:
    longest = "a" * MAX_TEXT_CHARS
    assert fitting_texts(longest, split=False) == [longest]
    with pytest.raises(ConfigError, match="2001 characters"):
        fitting_texts(longest + "b", split=False)
    assert fitting_texts(longest + "b", split=True) == [longest, "b"]
    assert fitting_texts("", split=False) == []


@pytest.mark.parametrize("text", [b"bytes", 7, None])
def test_a_text_is_a_string(text: Any) -> None:
    with pytest.raises(TypeError, match="text must be str"):
        fitting_texts(text, split=False)


def test_a_text_is_unicode() -> None:
    with pytest.raises(ConfigError, match="not Unicode"):
        fitting_texts("half a pair \ud83d", split=False)
