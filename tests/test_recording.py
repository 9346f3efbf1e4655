"""The picture of a terminal in the README: how it is drawn, and that it is a recording of commands that are there."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import sys
from pathlib import Path
from xml.etree import ElementTree

import pyte
import pytest

from deepgram_anyio.cli.app import load_command

from .documents import ROOT

sys.path.append(str(ROOT / "scripts"))
try:
    import record_terminal
    from record_terminal_svg import Frame, Row, Run, Style, draw, settled, shortened
finally:
    sys.path.remove(str(ROOT / "scripts"))

SVG = "{http://www.w3.org/2000/svg}"
MAX_BYTES = 80_000

PROMPT: Row = (Run(0, 4, "$ ls"),)
FILES: Row = (Run(0, 5, "a < b", Style(bold=True, fg="green")), Run(9, 5, 'c & "', Style(dim=True)))
DONE: Row = (Run(0, 4, "done", Style(fg="ff8800", bg="blue")),)
FRAMES = [
    Frame(0.0, ((), (), ())),
    Frame(0.5, (PROMPT, (), ())),
    Frame(1.0, (PROMPT, FILES, ())),
    Frame(1.5, (FILES, PROMPT, ())),
    Frame(2.0, (PROMPT, FILES, DONE)),
]


def drawn(frames: list[Frame]) -> str:
    return draw(frames, columns=20, lines=3, title="<title>", description="a & b", hold_s=2.0)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def seen(svg: str, at_s: float | None) -> list[tuple[int, str]]:
    """What a picture shows at a time, line by line; None for where nothing moves."""
    root = ElementTree.fromstring(svg)
    shared = {f"#{group.get('id')}": group for group in root.iter(f"{SVG}g") if group.get("id")}
    lines = []
    for element in root[-1]:
        target = shared.get(element.get("href", ""), element)
        y = int(element.get("y") or re.findall(r"translate\(0 (\d+)\)", element.get("transform", ""))[0])
        names = element.get("class", "").split()
        if ("h" not in names) if at_s is None else _shown(svg, names, at_s):
            lines.append((y, " ".join(text.text or "" for text in target.iter(f"{SVG}text"))))
    return sorted(lines)


def _shown(svg: str, names: list[str], at_s: float) -> bool:
    shown = "h" not in names
    for name in set(names) - {"h"}:
        seconds, stops = re.findall(rf"\.{name}{{animation:{name} ([\d.]+)s .*?@keyframes {name}{{(.*)}}", svg)[0]
        for percent, how in re.findall(r"([\d.]+)%{visibility:(\w+)}", stops):
            if float(percent) / 100 * float(seconds) <= at_s:
                shown = how == "visible"
    return shown


def wrong(svg: str) -> list[str]:
    """What a picture must not have, to be shown in an <img> of any page."""
    problems = [e.tag for e in ElementTree.fromstring(svg).iter() if e.tag.removeprefix(SVG) not in ALLOWED]
    problems += re.findall(r"url\(|@import|@font-face|\bon\w+=|href=\"[^#]", svg)
    problems += re.findall(r"https?://\S+", svg.replace('xmlns="http://www.w3.org/2000/svg"', "", 1))
    for stops in re.findall(r"@keyframes \w+{(.*)}", svg):
        percents = [float(percent) for percent in re.findall(r"([\d.]+)%", stops)]
        if percents[0] != 0 or percents[-1] >= 100 or any(b <= a for a, b in itertools.pairwise(percents)):
            problems.append(stops)
    return problems


ALLOWED = {"svg", "title", "desc", "style", "defs", "g", "use", "rect", "path", "circle", "text"}


# Drawing


@pytest.mark.parametrize("number", range(len(FRAMES)))
def test_every_screen_is_shown_in_its_time(number: int) -> None:
    frame = FRAMES[number]
    expected = [(20 * line, " ".join(run.text for run in row)) for line, row in enumerate(frame.rows) if row]
    assert seen(drawn(FRAMES), frame.at_s + 0.2) == expected


def test_without_animations_the_last_screen_is_shown() -> None:
    svg = drawn(FRAMES)
    assert seen(svg, None) == seen(svg, 3.9)
    outside = re.sub(r"@media \(prefers-reduced-motion:no-preference\){.*?\n}\n", "", svg, flags=re.DOTALL)
    assert "animation" in svg
    assert "animation" not in outside


def test_it_is_a_picture_that_any_page_can_show() -> None:
    assert wrong(drawn(FRAMES)) == []


def test_what_no_page_can_show_would_be_found() -> None:
    svg = drawn(FRAMES)
    scripted = svg.replace("</svg>", "<script>1</script></svg>")
    fetching = svg.replace("text{", "@import 'x';text{")
    leading = svg.replace('href="#r0"', 'href="other.svg#r0"', 1)
    backwards = svg.replace("{0%", "{90%")
    assert [len(wrong(text)) > 0 for text in (scripted, fetching, leading, backwards)] == [True] * 4


def test_a_row_is_drawn_once() -> None:
    found = texts(drawn(FRAMES))
    assert [found.count(text) for text in ("$ ls", "a < b", 'c & "', "done")] == [1, 1, 1, 1]


def test_what_is_said_about_it_is_escaped() -> None:
    root = ElementTree.fromstring(drawn(FRAMES))
    assert (root.findtext(f"{SVG}title"), root.findtext(f"{SVG}desc")) == ("<title>", "a & b")


def test_styles_are_kept() -> None:
    svg = drawn(FRAMES)
    assert 'class="bold green">a &lt; b<' in svg
    assert 'class="dim">c &amp;' in svg
    assert 'fill="#79c0ff"' in svg
    assert 'style="fill:#ff8800">done<' in svg


@pytest.mark.parametrize("times", [[], [1.0], [0.0, 0.0], [0.0, 2.0, 1.0]])
def test_times_ascend(times: list[float]) -> None:
    with pytest.raises(ValueError, match="ascend"):
        drawn([Frame(at_s, ()) for at_s in times])


def test_long_waits_are_cut_short() -> None:
    frames = [Frame(at_s, ()) for at_s in (3.0, 3.5, 9.5, 10.0)]
    assert [frame.at_s for frame in shortened(frames, 1.5)] == [0.0, 0.5, 2.0, 2.5]


def test_screens_that_nobody_could_see_are_left_out() -> None:
    frames = [Frame(at_s, ()) for at_s in (0.0, 1.0, 1.01, 2.0, 2.01)]
    assert [frame.at_s for frame in settled(frames, 0.04)] == [0.0, 1.01, 2.01]


# Recording


def test_what_a_terminal_shows_becomes_runs() -> None:
    screen = record_terminal.Screen(20, 2)
    pyte.Stream(screen).feed("a\x1b[2m b\x1b[22;1m c\x1b[0m  \x1b[38;2;255;2;0md\x1b[0m\r\n\x1b[?25l")
    bold, dim, colour = Style(bold=True), Style(dim=True), Style(fg="ff0200")
    row = (Run(0, 1, "a"), Run(2, 1, "b", dim), Run(4, 1, "c", bold), Run(7, 1, "d", colour))
    assert screen.rows() == (row, ())


def test_the_cursor_is_shown() -> None:
    screen = record_terminal.Screen(20, 1)
    pyte.Stream(screen).feed("$ ")
    assert screen.rows() == ((Run(0, 1, "$"), Run(2, 1, " ", Style(inverse=True))),)


def test_commands_are_typed_and_what_they_print_is_recorded(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "PS1": "$ ", "PS2": "> "}
    recorder = record_terminal.Recorder(40, 6, folder=tmp_path, env=env)
    try:
        recorder.wait_for_prompt()
        recorder.type("printf '\\033[31mseven\\033[0m\n%d\\n' $((4 + 4))")
        recorder.wait_for_prompt()
    finally:
        recorder.close()
    last = recorder.frames[-1].rows
    assert last[2:4] == ((Run(0, 5, "seven", Style(fg="red")),), (Run(0, 1, "8"),))
    assert [frame.at_s for frame in recorder.frames] == sorted(frame.at_s for frame in recorder.frames)
    assert len(recorder.frames) >= 5  # typed word by word


# The picture that is there

PICTURE = record_terminal.PICTURE.read_text("utf-8")


def test_the_picture_was_made_of_these_commands() -> None:
    root = ElementTree.fromstring(PICTURE)
    assert root.findtext(f"{SVG}desc") == record_terminal.describe()
    typed = [line for command in record_terminal.COMMANDS for line in command.splitlines()]
    last = [text for _, text in seen(PICTURE, None)]
    assert [line for line in typed if f"$ {line}" not in last and f"> {line}" not in last] == []
    assert last[-1].startswith("$")


def test_the_picture_was_drawn_by_this_writer() -> None:
    style = re.findall(r"<style>\n(.*?)\n@media", drawn(FRAMES), re.DOTALL)
    assert re.findall(r"<style>\n(.*?)\n@media", PICTURE, re.DOTALL) == style


def test_the_picture_is_one_that_any_page_can_show() -> None:
    assert wrong(PICTURE) == []
    assert len(PICTURE.encode()) < MAX_BYTES
    (seconds,) = set(re.findall(r"animation:\w+ ([\d.]+)s", PICTURE))
    assert 10 <= float(seconds) <= 20


@pytest.mark.parametrize("command", record_terminal.COMMANDS)
def test_the_commands_of_the_picture_exist(command: str) -> None:
    program, name, *words = shlex.split(command)
    assert program == "deepgram-anyio"
    known = {option for param in load_command(name).params for option in param.opts}
    assert [word for word in words if word.startswith("-") and word not in known] == []
