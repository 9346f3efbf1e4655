"""The project's loggers, and how a failure of the caller's own code is logged: it may quote what somebody said."""

from __future__ import annotations

import logging
from types import TracebackType

__all__ = ["log_failure", "project_logger"]

_NAME = "deepgram_anyio"
# Nothing comes out until the program configures logging.
logging.getLogger(_NAME).addHandler(logging.NullHandler())


def project_logger(part: str = "") -> logging.Logger:
    """Return the project's logger, or the one of a part of it, which hands on to that."""
    return logging.getLogger(f"{_NAME}.{part}" if part else _NAME)


def log_failure(logger: logging.Logger, level: int, what: str, error: BaseException) -> None:
    """Log that something failed, by the error's type and place; what the error itself says goes to DEBUG alone.

    Args:
        logger: where to.
        level: of the line that has nothing private in it.
        what: what failed.
        error: how.
    """
    logger.log(level, "%s: %s%s; DEBUG shows the rest", what, type(error).__name__, _place(error.__traceback__))
    logger.debug("%s", what, exc_info=error)


def _place(traceback: TracebackType | None) -> str:
    if traceback is None:
        return ""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    code = traceback.tb_frame.f_code
    return f" at {code.co_filename}:{traceback.tb_lineno} in {code.co_name}"
