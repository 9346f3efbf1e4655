"""The benchmarks' arithmetic and papers, their programs, and a small run of this client against the neutral server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import bench, cases, measuring, promises, report
from benchmarks.figures import Figures
from benchmarks.programs import http_server, wire
from benchmarks.programs.conversation import Conversation

ROOT = Path(__file__).parent.parent
OWN = sorted({(c.program, c.case) for case in cases.CASES.values() for c in case.clients if c.environment is None})


def _figures(**medians: float) -> Figures:
    figures = Figures()
    for name, value in medians.items():
        client, _, figure = name.partition("__")
        figures.add("down", client.replace("_", "-"), {figure: value})
    return figures


def test_a_median_has_its_spread() -> None:
    figures = Figures()
    for value in (3.0, 1.0, 2.0):
        figures.add("down", "own", {"cpu_us": value})
    assert figures.samples("down", "own", "cpu_us") == [3.0, 1.0, 2.0]
    assert figures.median("down", "own", "cpu_us") == 2.0
    assert figures.spread("down", "own", "cpu_us") == (1.0, 3.0)
    assert figures.to_dict()["down"]["own"]["cpu_us"]["high"] == 3.0
    assert figures.median("down", "other", "cpu_us") is None
    assert figures.spread("up", "own", "cpu_us") is None


def test_a_report_gives_the_cost_of_one() -> None:
    found = measuring.derived({"count": 1000, "peak_memory_bytes": 1 << 20, "cpu_s": 0.5, "wall_s": 2.0})
    assert (found["cpu_us"], found["per_s"], found["peak_mib"]) == (500.0, 500.0, 1.0)


@pytest.mark.parametrize(
    "change",
    [{"count": 0}, {"cpu_s": 0.0}, {"cpu_s": 1000.0}, {"late_ms": float("nan")}, {"peak_memory_bytes": "much"}],
    ids=lambda change: next(iter(change)),
)
def test_a_report_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"counted|CPU time|is nan|could not convert"):
        measuring.derived({"count": 10, "peak_memory_bytes": 1, "cpu_s": 0.1, "wall_s": 0.2, **change})


def _judged(figures: Figures, part: str) -> promises.Promise:
    [found] = [promise for promise in promises.promises(figures) if part in promise.text]
    return found


@pytest.mark.parametrize(("theirs", "kept"), [(1500.0, True), (1499.0, False)])
def test_a_promise_of_a_lower_bound(theirs: float, kept: bool) -> None:
    figures = _figures(own_asyncio__cpu_us=10.0, v4_async__cpu_us=theirs)
    promise = _judged(figures, "against deepgram-sdk 4.8.1: at least 150 times")
    assert (promise.kept, promise.reached) == (kept, f"{theirs / 10:.1f} times")


@pytest.mark.parametrize(("ours", "kept"), [(5.2, True), (5.3, False)])
def test_a_promise_of_an_upper_bound(ours: float, kept: bool) -> None:
    promise = _judged(_figures(own_asyncio__cpu_us=ours, aiohttp__cpu_us=4.0), "aiohttp and msgspec")
    assert promise.kept is kept


@pytest.mark.parametrize(("with_lanes", "kept"), [(120.0, True), (121.0, False)])
def test_latency_may_not_lie_above_all_rounds_without_lanes(with_lanes: float, kept: bool) -> None:
    figures = Figures()
    for value in (100.0, 120.0, 90.0):
        figures.add("latency", "own-off", {"up_p50_us": value})
    figures.add("latency", "own-asyncio", {"up_p50_us": with_lanes})
    assert _judged(figures, "to the server, p50").kept is kept


def test_the_order_of_finish_over_tls() -> None:
    figures = Figures()
    for case, ours in (("down", 5.0), ("down-tls", 11.0)):
        figures.add(case, "own-asyncio", {"cpu_us": ours})
        figures.add(case, "v7-async", {"cpu_us": 10.0})
    assert _judged(figures, "down, events: over TLS").kept is False


def test_every_promise_refers_to_what_is_measured() -> None:
    figures = Figures()
    for case in cases.CASES.values():
        for client in case.clients:
            names = {"cpu_us", "per_s", "peak_mib", *(column.key for column in case.columns)}
            figures.add(case.name, client.key, dict.fromkeys(names, 1.0))
    assert [promise.text for promise in promises.promises(figures) if promise.reached is None] == []
    assert {promise.kept for promise in promises.promises(Figures())} == {None}


def test_clients_of_a_case_have_different_names() -> None:
    for case in cases.CASES.values():
        assert len({client.key for client in case.clients}) == len(case.clients)
        assert len({client.name for client in case.clients}) == len(case.clients)


def test_the_tables() -> None:
    figures = _figures(own_asyncio__cpu_us=4.26, own_asyncio__per_s=200_000.0)
    judged = [promises.Promise("fast", "9 times", True), promises.Promise("small", "9", False), promises.Promise("new")]
    text = report.markdown(figures, judged, report.machine(), {"deepgram_anyio": {"anyio": "4.9"}}, 5)
    lines = text.splitlines()
    assert "| deepgram_anyio, asyncio | 4.3 | 4.3 – 4.3 | 200,000 |  |" in lines  # noqa: RUF001
    assert "| fast | 9 times | yes |" in lines
    assert "| small | 9 | **no** |" in lines
    assert "| new |  | not measured |" in lines
    assert any(line.startswith("| deepgram_anyio ") and line.endswith("| anyio 4.9 |") for line in lines)


def test_the_page_has_a_place_for_the_figures() -> None:
    page = bench.PAGE.read_text("utf-8")
    once = report.written(page, "first")
    assert report.written(once, "second") == once.replace("\nfirst\n", "\nsecond\n")
    with pytest.raises(ValueError, match="no <!-- figures"):
        report.written("no place", "figures")


def test_the_message_is_818_bytes_and_so_is_the_last() -> None:
    assert len(wire.results_message()) == len(wire.results_message(transcript=wire.LAST)) == 818
    assert json.loads(wire.results_message())["channel"]["alternatives"][0]["transcript"] == wire.FIRST
    assert json.loads(http_server.ANSWER)["results"]["channels"][0]["alternatives"][0]["words"]


def test_a_flood_stops_while_the_client_does_not_read() -> None:
    written: list[bytes] = []

    def write(data: bytes) -> None:
        written.append(data)
        conversation.pause()

    conversation = Conversation(wire.flood(1, 200), write, abort=written.clear)
    conversation.connected()
    conversation.resume()
    conversation.binary(wire.FRAME[:8], len(wire.FRAME))
    while written[-1].count(wire.LAST.encode()) == 0:
        before = len(written)
        conversation.resume()
        assert len(written) == before + 1
    assert b"".join(written).count(wire.FIRST.encode()) == 1 + 199


def test_a_stamp_tells_both_times() -> None:
    took, answered = wire.stamps((1_000).to_bytes(8, "big"), lambda: 1_500).split(b"-")
    assert (int(took), int(answered)) == (500, 1_500)


def _run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"benchmarks.programs.{program}", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def test_every_program_is_there() -> None:
    named = {client.program for case in cases.CASES.values() for client in case.clients}
    assert {name for name in named if not (ROOT / "benchmarks" / "programs" / f"{name}.py").exists()} == set()


@pytest.mark.parametrize("program", sorted({program for program, _ in OWN}))
def test_a_program_explains_itself(program: str) -> None:
    done = _run(program, "--help")
    assert done.returncode == 0
    assert "--warm-up" in done.stdout


def test_the_suite_explains_itself() -> None:
    with pytest.raises(SystemExit, match="2"):
        bench.main(["--quick", "--write"])


@pytest.mark.parametrize("loop", ["asyncio", "uvloop", "trio"])
def test_this_client_is_measured(loop: str) -> None:
    command = [sys.executable, "-m", "benchmarks.programs.server", "--engine", "wsproto"]
    runs = {"down": ("300", "100"), "send_nowait": ("2000", "1000")}
    with measuring.server(command) as ports:
        for case, (count, warm_up) in runs.items():
            url = f"http://127.0.0.1:{ports['ws']}"
            done = _run("own", case, "--url", url, "--count", count, "--warm-up", warm_up, "--loop", loop)
            assert done.returncode == 0, done.stderr
            found = json.loads(done.stdout)
            assert found.pop("versions")["anyio"]
            assert measuring.derived(found)["cpu_us"] > 0


def test_a_run_that_fails_says_what_it_printed() -> None:
    runner = measuring.Runner({"ws": "http://127.0.0.1:9"}, os.devnull, quick=True)
    with pytest.raises(measuring.BenchError, match=r"programs.own send_audio(.|\n)*ConnectError"):
        runner.run(
            cases.Case(
                name="refused",
                title="nobody listens",
                columns=(cases.Column("cpu_us", "µs"),),
                clients=(cases.Client(key="own", name="own", program="own", case="send_audio"),),
            ),
            1,
            print,
        )


@pytest.mark.parametrize(("arguments", "code"), [(["--only", "down"], 1), (["--only", "down", "--quick"], 0)])
def test_a_broken_promise_fails_a_run_that_is_not_quick(
    arguments: list[str], code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = measuring.Runner({}, os.devnull, quick=False)
    found.figures = _figures(own_asyncio__cpu_us=10.0, v7_async__cpu_us=100.0, websockets__cpu_us=20.0)
    monkeypatch.setattr(bench, "_measure", lambda _: found)
    assert bench.main([*arguments, "--json", str(tmp_path / "found.json")]) == code
    assert "bench: 1 promises kept, 1 not" in capsys.readouterr().out
    document = json.loads((tmp_path / "found.json").read_text())
    assert document["cases"]["down"]["v7-async"]["cpu_us"]["median"] == 100.0
    assert [promise["kept"] for promise in document["promises"]].count(False) == 1


def test_a_run_that_fails_fails_the_suite(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_: object) -> measuring.Runner:
        raise measuring.BenchError("the client said this")

    monkeypatch.setattr(bench, "_measure", fail)
    assert bench.main([]) == 2
    assert "the client said this" in capsys.readouterr().err
