"""The runner of the compatibility matrix: which cells names stand for, and the page that it writes."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = str(Path(__file__).parent.parent / "scripts")


@pytest.fixture
def compat(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(SCRIPTS)
    for name in ("bootstrap", "compat", "compat_environment"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import compat

    return compat


def test_a_name_stands_for_every_cell_that_has_it(compat: Any) -> None:
    assert compat.choose([]) == compat.CELLS
    assert [cell.name for cell in compat.choose(["3.12"])] == ["3.12-lowest", "3.12-newest", "3.12-bare"]
    assert {cell.python for cell in compat.choose(["bare"])} == set(compat.PYTHONS)
    assert [cell.name for cell in compat.choose(["3.13-bare", "3.10-lowest"])] == ["3.10-lowest", "3.13-bare"]


def test_a_name_that_stands_for_nothing_is_an_error(compat: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert compat.main(["3.9"]) == 1
    assert "3.9 is none of 3.10-lowest, " in capsys.readouterr().err


def test_a_python_that_is_not_there_is_an_error(compat: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    with pytest.raises(compat.EnvironmentFailedError, match=r"no Python 3\.12 here"):
        compat.find_python("3.12")


def test_rows_are_replaced_one_by_one_and_stand_in_order(compat: Any) -> None:
    def outcome(name: str, said: str) -> Any:
        python, _, choice = name.partition("-")
        return compat.Outcome(compat.Cell(python, choice), True, f"{python}.1", "anyio 4", said)

    day = datetime.date(2026, 1, 2)
    page = compat.written(f"before\n{compat.BEGIN}{compat.END}after\n", [outcome("3.12-newest", "1 passed")], day)
    page = compat.written(page, [outcome("3.10-lowest", "2 passed"), outcome("3.12-newest", "3 passed")], day)
    rows = (
        "| 3.10-lowest | 3.10.1 | anyio 4 | 2 passed | 2026-01-02 |\n"
        "| 3.12-newest | 3.12.1 | anyio 4 | 3 passed | 2026-01-02 |\n"
    )
    assert page == f"before\n{compat.BEGIN}{compat.HEAD}{rows}{compat.END}after\n"
