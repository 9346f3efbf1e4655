"""Texts cut to the length that a speech message may have."""

from __future__ import annotations

import re

from ..errors import ConfigError

__all__ = ["MAX_TEXT_CHARS", "fitting_texts", "split_text"]

MAX_TEXT_CHARS = 2000
"""Characters that one ``Speak`` message may have."""

# A place to cut is the end of what matches: behind the white space, so that nothing is lost and nothing is said twice.
_SENTENCE_ENDS = re.compile(r"[.!?…]+[\"')\]’”]*\s+|\n\s*|[。！？]\s*")  # noqa: RUF001 - the full stops of other scripts
_WORD_ENDS = re.compile(r"\s+")


def split_text(text: str, limit: int = MAX_TEXT_CHARS) -> list[str]:
    """Cut a text into pieces of at most `limit` characters that make up the text again.

    It is cut behind the last sentence that fits, else behind the last word, else anywhere.
    """
    pieces = []
    start = 0
    while len(text) - start > limit:
        end = _last_end(_SENTENCE_ENDS, text, start, limit) or _last_end(_WORD_ENDS, text, start, limit)
        end = end or start + limit
        pieces.append(text[start:end])
        start = end
    if start < len(text):
        pieces.append(text[start:])
    return pieces


def fitting_texts(text: str, *, split: bool) -> list[str]:
    """Return a text in pieces that can be sent; none when it is empty.

    Args:
        text: the text.
        split: whether a text that is too long is cut, or refused.

    Raises:
        ConfigError: it is too long, or has half of a character.
        TypeError: it is not a string.
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be str, not {type(text).__name__}")
    if len(text) > MAX_TEXT_CHARS and not split:
        raise ConfigError(
            f"a text of {len(text)} characters is longer than {MAX_TEXT_CHARS}; split_long_text=True cuts it to pieces"
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(f"the text is not Unicode: {error}") from error
    return split_text(text)


def _last_end(pattern: re.Pattern[str], text: str, start: int, limit: int) -> int | None:
    ends = [found.end() for found in pattern.finditer(text, start, start + limit)]
    return ends[-1] if ends else None
