"""Runs code from documents and examples: a process for each job, which runs its pieces as a program each.

    python -W error tests/block_runner.py

reads jobs, each a line of JSON: {"folder": PATH, "backend": NAME, "pieces": [tests.documents.Piece]}. It writes a line
of JSON for each: {"code": EXIT CODE, "output": OUTCOMES, "errors": STANDARD ERROR}. The processes are forks of this
one, which has imported what all of them need to serve and to call, and has done nothing else.

A piece is a program, or a fragment whose ``await`` and ``async with`` stand at its top level; that finds a client as
``dg``, as the text around it says. Credentials and host in the environment are those of an embedded server, so that
``DeepgramClient()`` works, too. What each printed, or how it failed, are the outcomes.
"""

from __future__ import annotations

import ast
import inspect
import io
import json
import os
import signal
import sys
import tempfile
import traceback
from contextlib import redirect_stdout
from typing import Any

import anyio
import hypercorn.asyncio
import hypercorn.trio
import trio
import uvloop

import deepgram_anyio.local.server
from deepgram_anyio import DeepgramClient
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.sync import DeepgramClient as BlockingClient

BACKENDS: dict[str, dict[str, Any]] = {
    "asyncio": {"backend": "asyncio"},
    "uvloop": {"backend": "asyncio", "backend_options": {"use_uvloop": True}},
    "trio": {"backend": "trio"},
}
IMPORTED = (hypercorn.asyncio, hypercorn.trio, trio, uvloop, deepgram_anyio.local.server)  # for every job
PATIENCE_S = 100
TRANSCRIPT = "the quick brown fox jumps over the lazy dog"


def run_piece(piece: dict[str, Any], backend: dict[str, Any]) -> None:
    name = piece["document"]
    sys.argv = [name, *piece["arguments"]]
    code = "\n" * piece["line"] + piece["code"]  # every line keeps its number in the document, for tracebacks
    tree = compile(code, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)
    _choose_backend(tree, backend)
    compiled = compile(tree, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    names: dict[str, Any] = {"__name__": "__main__"}
    if not compiled.co_flags & inspect.CO_COROUTINE:
        exec(compiled, names)
        return

    async def fragment() -> None:
        async with DeepgramClient() as dg:
            await eval(compiled, {**names, "dg": dg})

    anyio.run(fragment, **backend)


def _choose_backend(tree: ast.AST, backend: dict[str, Any]) -> None:
    """Let every ``anyio.run(main)`` run on the backend."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "anyio.run" and not node.keywords:
            node.keywords = [
                ast.copy_location(ast.keyword(arg=key, value=_constant(value, node)), node)
                for key, value in backend.items()
            ]


def _constant(value: Any, node: ast.AST) -> ast.expr:
    expression = ast.parse(repr(value), mode="eval").body
    for part in ast.walk(expression):
        ast.copy_location(part, node)
    return expression


def run_job(job: dict[str, Any]) -> None:
    """Run all pieces in this process, beside one server; write what became of them to standard output."""
    outcomes = []
    server = BlockingClient.local(recognizer=ScriptedRecognizer([TRANSCRIPT] * 3), voice=ToneVoice())
    with server as local:
        os.environ.update(DEEPGRAM_HOST=local.base_url, DEEPGRAM_API_KEY="any-key")
        for piece in job["pieces"]:
            printed = io.StringIO()
            failure = None
            try:
                with redirect_stdout(printed):
                    run_piece(piece, BACKENDS[job["backend"]])
            except SystemExit as end:
                failure = f"{piece['document']}: exit code {end.code}" if end.code else None
            except BaseException:  # noqa: BLE001 - every failure is told
                failure = traceback.format_exc()
            outcomes.append({"printed": printed.getvalue(), "failure": failure})
    json.dump(outcomes, sys.stdout)


def main() -> None:
    for line in sys.stdin:
        job = json.loads(line)
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
            child = os.fork()
            if not child:
                signal.alarm(PATIENCE_S)
                with open(os.devnull) as nothing:
                    for source, target in ((nothing, 0), (output, 1), (errors, 2)):
                        os.dup2(source.fileno(), target)
                os.chdir(job["folder"])
                run_job(job)
                return  # and end as every program does
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            for file in (output, errors):
                file.seek(0)
            print(json.dumps({"code": code, "output": output.read(), "errors": errors.read()}), flush=True)


if __name__ == "__main__":
    main()
