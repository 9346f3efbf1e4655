"""Text that a command is given: as it stands, in a file, or on standard input."""

from __future__ import annotations

from pathlib import Path

from .failures import CommandError

__all__ = ["file_text"]

_TEXT_ENDINGS = {".txt", ".md", ".text"}


def file_text(given: str) -> str | None:
    """Return what a file holds, if that is what was named; None when it is the text itself.

    Raises:
        CommandError: it looks like a text file's name, but there is none; or the file holds no text.
        OSError: the file cannot be read.
    """
    path = Path(given)
    try:
        found = path.is_file()
    except (OSError, ValueError):  # too long for a name, or not one at all
        return None
    if found:
        try:
            return path.read_text("utf-8-sig")
        except UnicodeDecodeError as error:
            raise CommandError(f"{path} is no text file: it must be in UTF-8", kind="file") from error
    if path.suffix.lower() in _TEXT_ENDINGS and not any(map(str.isspace, given)):
        raise CommandError(f"{path}: there is no such file", kind="file")
    return None
