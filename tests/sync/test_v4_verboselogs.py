"""The levels of v4's logging: they are named, they reach the right handlers, and nothing else changes."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from deepgram_anyio.sync.v4 import verboselogs
from deepgram_anyio.sync.v4.verboselogs import VerboseLogger, stderr_logger

LEVELS = {"SPAM": 5, "DEBUG": 10, "VERBOSE": 15, "INFO": 20, "NOTICE": 25, "WARNING": 30, "SUCCESS": 35, "ERROR": 40}
METHODS = ["spam", "verbose", "notice", "success"]


@pytest.mark.parametrize(("name", "value"), [*LEVELS.items(), ("NOTSET", 0), ("CRITICAL", 50), ("FATAL", 50)])
def test_levels(name: str, value: int) -> None:
    assert getattr(verboselogs, name) == value
    assert getattr(logging, name) == value


@pytest.mark.parametrize(("name", "value"), LEVELS.items())
def test_levels_are_named(name: str, value: int) -> None:
    assert logging.getLevelName(value) == name
    assert logging.getLevelName(name) == value


def test_add_log_level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "_levelToName", {})
    monkeypatch.setattr(logging, "_nameToLevel", {})
    monkeypatch.setattr(logging, "WHISPER", 0, raising=False)
    verboselogs.add_log_level(3, "WHISPER")
    assert logging.getLevelName(3) == "WHISPER"
    assert vars(logging)["WHISPER"] == 3


@pytest.mark.parametrize("method", METHODS)
def test_methods_log_at_their_level(method: str, caplog: pytest.LogCaptureFixture) -> None:
    level = LEVELS[method.upper()]
    logger = VerboseLogger("talker", level)
    getattr(logger, method)("%d words", 3)
    logger.setLevel(level + 1)
    getattr(logger, method)("unheard")
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [(level, "3 words")]


@pytest.mark.parametrize("method", METHODS)
def test_records_name_the_caller(method: str, caplog: pytest.LogCaptureFixture) -> None:
    getattr(VerboseLogger("talker", 1), method)("here", extra={"request": "r1"})
    (record,) = caplog.records
    assert (record.filename, record.funcName) == ("test_v4_verboselogs.py", "test_records_name_the_caller")
    assert vars(record)["request"] == "r1"


def test_a_logger_follows_the_root_logger(caplog: pytest.LogCaptureFixture) -> None:
    logger = VerboseLogger("talker")
    assert logger.parent is logging.getLogger()
    caplog.set_level(LEVELS["NOTICE"])
    assert logger.getEffectiveLevel() == LEVELS["NOTICE"]
    logger.notice("heard")
    caplog.set_level(LEVELS["WARNING"])
    logger.notice("unheard")
    assert caplog.messages == ["heard"]


def test_disabling_works_at_any_time(caplog: pytest.LogCaptureFixture) -> None:
    logger = VerboseLogger("talker", 1)
    logger.success("heard")
    try:
        logging.disable(LEVELS["SUCCESS"])
        logger.success("unheard")
    finally:
        logging.disable(logging.NOTSET)
    logger.disabled = True
    logger.success("unheard")
    assert caplog.messages == ["heard"]


def test_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "_loggerClass", logging.Logger)
    monkeypatch.setattr(logging.Logger.manager, "loggerDict", {})
    assert type(logging.getLogger("before")) is logging.Logger
    verboselogs.install()
    logger = logging.getLogger("after.child")
    assert type(logger) is VerboseLogger
    assert logger.parent is logging.getLogger()
    assert logging.getLogger("after.child") is logger


def test_importing_changes_nothing_else() -> None:
    code = (
        "import logging; from deepgram_anyio.sync.v4 import verboselogs; logger = logging.getLogger('x')\n"
        "assert logging.getLoggerClass() is logging.Logger is type(logger)\n"
        "assert not logging.getLogger().handlers and not logger.handlers\n"
        "assert logging.getLogger().level == logging.WARNING"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")


def test_a_lone_logger_is_heard_on_stderr(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logger = stderr_logger("talker", "VERBOSE")
    logger.verbose("heard")
    logger.debug("unheard")
    assert capsys.readouterr().err == "heard\n"


def test_a_program_that_set_up_logging_hears_it_once(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    stderr_logger("talker", LEVELS["SPAM"]).spam("heard")
    assert caplog.messages == ["heard"]
    assert capsys.readouterr().err == ""


def test_without_a_stderr_nothing_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr(sys, "stderr", None)
    stderr_logger("talker", LEVELS["SPAM"]).error("unheard")


def test_what_cannot_be_printed_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    stderr_logger("talker", LEVELS["SPAM"]).error("%d words", "three")
    assert "--- Logging error ---" in capsys.readouterr().err
