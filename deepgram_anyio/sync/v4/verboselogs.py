"""Four more levels for `logging`, and a logger that has a method for each.

Importing this module names the levels, also as attributes of `logging` (``logging.NOTICE``), and changes nothing else
there: `logging.getLogger` makes a `VerboseLogger` only after `install`.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

__all__ = [
    "CRITICAL",
    "DEBUG",
    "ERROR",
    "FATAL",
    "INFO",
    "NOTICE",
    "NOTSET",
    "SPAM",
    "SUCCESS",
    "VERBOSE",
    "WARNING",
    "VerboseLogger",
    "add_log_level",
    "install",
    "stderr_logger",
]

NOTSET = logging.NOTSET
SPAM = 5
DEBUG = logging.DEBUG
VERBOSE = 15
INFO = logging.INFO
NOTICE = 25
WARNING = logging.WARNING
SUCCESS = 35
ERROR = logging.ERROR
CRITICAL = logging.CRITICAL
FATAL = logging.FATAL


def install() -> None:
    """Make `VerboseLogger` the class of every logger that `logging.getLogger` creates from now on."""
    logging.setLoggerClass(VerboseLogger)


def add_log_level(value: int, name: str) -> None:
    """Name a level.

    Args:
        value: the level, 0 (least urgent) to 50.
        name: what log records of that level show; it also becomes an attribute of `logging`.
    """
    logging.addLevelName(value, name)
    setattr(logging, name, value)


for _value, _name in ((SPAM, "SPAM"), (VERBOSE, "VERBOSE"), (NOTICE, "NOTICE"), (SUCCESS, "SUCCESS")):
    add_log_level(_value, _name)


class VerboseLogger(logging.Logger):
    """A logger with the methods `spam`, `verbose`, `notice` and `success`.

    One that is made directly, rather than by `logging.getLogger`, is a child of the root logger.

    Args:
        name: what log records show.
        level: the least urgent level that is logged; `NOTSET` leaves it to the root logger.
    """

    def __init__(self, name: str, level: int | str = NOTSET) -> None:
        super().__init__(name, level)
        self.parent: logging.Logger | None = logging.getLogger()

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - logging's name
        """Whether a record of this level would be logged."""
        # The base class remembers its answers, and forgets them only for loggers that logging.getLogger made.
        return not self.disabled and level > self.manager.disable and level >= self.getEffectiveLevel()

    def spam(self, msg: object, *args: object, stacklevel: int = 1, **kw: Any) -> None:
        """Log at `SPAM`, below `DEBUG`; the arguments are those of `logging.Logger.debug`."""
        self.log(SPAM, msg, *args, stacklevel=stacklevel + 1, **kw)

    def verbose(self, msg: object, *args: object, stacklevel: int = 1, **kw: Any) -> None:
        """Log at `VERBOSE`, between `DEBUG` and `INFO`; the arguments are those of `logging.Logger.debug`."""
        self.log(VERBOSE, msg, *args, stacklevel=stacklevel + 1, **kw)

    def notice(self, msg: object, *args: object, stacklevel: int = 1, **kw: Any) -> None:
        """Log at `NOTICE`, between `INFO` and `WARNING`; the arguments are those of `logging.Logger.debug`."""
        self.log(NOTICE, msg, *args, stacklevel=stacklevel + 1, **kw)

    def success(self, msg: object, *args: object, stacklevel: int = 1, **kw: Any) -> None:
        """Log at `SUCCESS`, between `WARNING` and `ERROR`; the arguments are those of `logging.Logger.debug`."""
        self.log(SUCCESS, msg, *args, stacklevel=stacklevel + 1, **kw)


class _Stderr(logging.Handler):
    """Prints what nobody else prints: once the program gave the root logger a handler, that one is enough."""

    def emit(self, record: logging.LogRecord) -> None:
        if sys.stderr is None or logging.getLogger().handlers:
            return
        try:
            sys.stderr.write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001 - logging's own rule: what cannot be printed is reported by handleError
            self.handleError(record)


def stderr_logger(name: str, level: int | str) -> VerboseLogger:
    """Make a logger of its own level that is heard in any program.

    Its records go to the root logger's handlers; on standard error when there are none.

    Args:
        name: what log records show.
        level: the least urgent level that is logged.
    """
    logger = VerboseLogger(name, level)
    logger.addHandler(_Stderr())
    return logger
