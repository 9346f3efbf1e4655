"""A typed conversation with a voice agent that calls a Python function.

python examples/agent_functions.py "What is the weather in Paris?" [--local]
"""

from __future__ import annotations

import sys
from typing import Annotated, Any, Literal

import anyio
from msgspec import Meta

from deepgram_anyio import DeepgramClient
from deepgram_anyio.protocol import agent

City = Annotated[Literal["Boston", "London", "Paris"], Meta(description="Where")]
SETTINGS = {
    "audio": {"input": {"encoding": "linear16", "sample_rate": 16000}},
    "agent": {
        "listen": {"provider": {"type": "deepgram", "model": "nova-3"}},
        "think": {"provider": {"type": "open_ai", "model": "gpt-4o-mini"}, "prompt": "Be brief."},
        "speak": {"provider": {"type": "deepgram", "model": "aura-2-thalia-en"}},
    },
}


def get_weather(city: City) -> dict[str, Any]:
    """Tell the weather in a city."""
    return {"city": city, "sky": "clear", "temperature": "20 degrees"}


async def main() -> None:
    async with (
        DeepgramClient.local() if "--local" in sys.argv else DeepgramClient() as dg,
        dg.agent.v1.connect(SETTINGS, functions={"get_weather": get_weather}) as connection,
    ):
        await connection.inject_user_message(sys.argv[1])
        async for event in connection:
            match event:
                case agent.ConversationText():
                    print(f"{event.role}: {event.content}")
                case agent.FunctionCallRequest():
                    print("calls", *(f"{call.name}({call.arguments})" for call in event.functions))
                case agent.AgentAudioDone():
                    break


if __name__ == "__main__":
    anyio.run(main)
