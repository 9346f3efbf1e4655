"""Runs several commands one after another in one process, and shows what they print and how they end."""

from __future__ import annotations

import json
import sys

from deepgram_anyio.cli.app import run

if __name__ == "__main__":
    *urls, calls = sys.argv[1:]
    for arguments in json.loads(calls):
        print("$", *arguments, flush=True)
        code = run([*arguments, "--base-url", *urls])
        print(f"-> {code}\n", flush=True)
