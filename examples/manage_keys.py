"""Make a key that lives for an hour, list the project's keys, and delete it again.

python examples/manage_keys.py [--local]
"""

from __future__ import annotations

import sys

import anyio

from deepgram_anyio import DeepgramClient


async def main() -> None:
    async with DeepgramClient.local() if "--local" in sys.argv else DeepgramClient() as dg:
        project_id = next(project.project_id for project in await dg.manage.v1.projects.list()) or ""
        keys = dg.manage.v1.keys
        made = await keys.create(project_id, "an example", ["usage:write"], time_to_live_in_seconds=3600)
        print(f"made {made.api_key_id}, of {len(made.key or '')} characters")  # made.key is shown this once
        for listed in await keys.list(project_id):
            if listed.api_key is not None:
                print(listed.api_key.api_key_id, listed.api_key.comment, listed.api_key.scopes)
        await keys.delete(project_id, made.api_key_id or "")
        print("deleted it")


if __name__ == "__main__":
    anyio.run(main)
