"""Write the reference of the command line into docs/cli.md, or say that it is stale.

python scripts/cli_reference.py [--check]
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from deepgram_anyio.cli.app import COMMANDS, app, load_command
from deepgram_anyio.cli.settings import SHARED_PANEL

__all__ = ["main", "page"]

PAGE = Path(__file__).parent.parent / "docs" / "cli.md"

_HEAD = """\
# The command line

`pip install "deepgram-anyio[cli]"` brings `deepgram-anyio`; `python -m deepgram_anyio` is the same. Written by
`make docs` from the commands' own help.

With `--local`, a command has a server of its own, with a real recogniser and a real voice: no key, no network. It needs
the extra `local`. `deepgram-anyio doctor` tells what works on a machine, and what to do about the rest.

Results go to standard output; notes, progress and errors go to standard error. At a terminal, results are tables and
colours, which `NO_COLOR=1` switches off; through a pipe they are plain columns, in which nothing is cut off; with
`--json` they are one JSON document, as on the wire. Times are in UTC.

No option takes a key, as others could see it in the list of processes: keys come from `DEEPGRAM_API_KEY`,
`DEEPGRAM_ACCESS_TOKEN` or the file of `--api-key-file`. The first one wins in the order file, token, key.

`deepgram-anyio --install-completion` teaches the shell to complete commands and options.

## Shared options

They may stand anywhere: before the command, between its two words, or after it; what stands further right wins.

"""

_EXIT_CODES = """\

## Exit codes

| code | meaning |
|---|---|
| 0 | success |
| 1 | the API or the network failed; `doctor` found something that does not work |
| 2 | a mistake in the call, or in a file |
| 3 | credentials are missing, or were refused (401, 403) |
| 4 | there is no such thing (404) |
| 5 | too many requests (429), or no credit left (402) |
| 6 | some items of a batch failed |
| 130 | Ctrl-C, or the answer no |
| 141 | who read the output is gone, as `head` is when it has enough |
| 143 | the request to terminate |

A failure is one line on standard error: `error: what happened: what to do (HTTP status, code, request id)`. With
`--json` it is also a document on standard output:
`{"error": {"kind": ..., "message": ..., "status": ..., "code": ..., "request_id": ...}}`, where `kind` is one of
`credentials`, `permission`, `not_found`, `payment`, `rate_limit`, `request`, `server`, `network`, `timeout`,
`protocol`, `usage` and `file`.

The first Ctrl-C stops a command, which may take a moment to save what it has; the second stops that, too; the third
ends the program on the spot.
"""


def page() -> str:
    """Return the page as it ought to be."""
    shared = [param for param in _visible(typer.main.get_command(app)) if param.rich_help_panel == SHARED_PANEL]
    parts = [_HEAD, _table(shared), _EXIT_CODES]
    for name, entry in COMMANDS.items():
        command = load_command(name)
        below = getattr(command, "commands", None)
        parts.append(f"\n## {name}\n\n")
        if below is None:
            parts.append(_section(f"deepgram-anyio {name}", command))
            continue
        parts.append(f"{entry.help}\n")
        for other, its in below.items():
            parts.append(f"\n### {name} {other}\n\n{_section(f'deepgram-anyio {name} {other}', its)}")
    return "".join(parts)


def _section(called: str, command: Any) -> str:
    paragraphs = [" ".join(part.split()) for part in (command.help or "").split("\n\n")]
    examples = [part.removeprefix("Example: ") for part in paragraphs if part.startswith("Example: ")]
    text = "\n\n".join(part for part in paragraphs if not part.startswith("Example: "))
    own = [param for param in _visible(command) if param.rich_help_panel != SHARED_PANEL]
    arguments = " ".join(_metavar(param) for param in own if param.param_type_name == "argument")
    usage = " ".join(filter(None, (called, "[OPTIONS]", arguments)))
    lines = [f"$ {example}" for example in examples]
    table = f"\n{_table(own)}" if own else ""
    return f"{text}\n\n```console\n" + "\n".join([usage, "", *lines]) + f"\n```\n{table}"


def _visible(command: Any) -> Iterator[Any]:
    for param in command.params:
        if not getattr(param, "hidden", False) and "--help" not in param.opts:
            yield param


def _metavar(param: Any) -> str:
    return str(param.metavar or param.name.upper())


def _table(params: Sequence[Any]) -> str:
    return "| option | meaning |\n|---|---|\n" + "".join(map(_row, params))


def _row(param: Any) -> str:
    if param.param_type_name == "argument":
        called = _metavar(param)
    else:
        takes = "" if param.is_flag else f" {_metavar(param)}"
        called = ", ".join(sorted(param.opts, key=len, reverse=True)) + takes
        called = " / ".join([called, *param.secondary_opts])
    text = param.help or ""
    if param.default not in (None, False, []):
        text += f" Default: `{getattr(param.default, 'value', param.default)}`."
    return f"| `{_in_cell(called)}` | {_in_cell(text)} |\n"


def _in_cell(text: str) -> str:
    return text.replace("|", "\\|")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the page is stale")
    check: bool = parser.parse_args(arguments).check
    wanted, there = page(), PAGE.read_text("utf-8") if PAGE.exists() else ""
    if not check:
        PAGE.write_text(wanted, "utf-8")
    elif wanted != there:
        before, after = (text.splitlines(keepends=True) for text in (there, wanted))
        sys.stdout.writelines(difflib.unified_diff(before, after, "as it is", "as it should be"))
        sys.stdout.write(f"{PAGE.name}: stale; run make docs\n")
        return 1
    sys.stdout.write(f"{PAGE.name}: {len(COMMANDS)} commands, up to date\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
