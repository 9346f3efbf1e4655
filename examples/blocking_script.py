"""A script without async: a recording at once, then live.

python examples/blocking_script.py speech.wav [--local]
"""

from __future__ import annotations

import sys

from deepgram_anyio.protocol import listen
from deepgram_anyio.sync import DeepgramClient


def main() -> None:
    with DeepgramClient.local() if "--local" in sys.argv else DeepgramClient() as dg:
        print(dg.listen.v1.transcribe_file(sys.argv[1], model="nova-3", smart_format=True).transcript)
        with dg.listen.v1.stream(sys.argv[1], model="nova-3", interim_results=True) as connection:
            for event in connection:
                if isinstance(event, listen.Results) and event.transcript:
                    print("final  " if event.is_final else "interim", event.transcript)


if __name__ == "__main__":
    main()
