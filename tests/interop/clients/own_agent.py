"""A conversation with this project's client."""

from __future__ import annotations

import anyio

from deepgram_anyio import AgentConnection, DeepgramClient
from deepgram_anyio.protocol import agent
from tests.interop.clients.agent_support import CHUNK_S, DEADLINE_S, AgentReport, Question, settings
from tests.interop.clients.support import KEY, arguments

__all__ = ["main"]


async def main(url: str, path: str) -> None:
    question = Question(path)
    report = AgentReport(question)
    async with (
        DeepgramClient(KEY, base_url=url) as dg,
        dg.agent.v1.connect(settings(question.sample_rate)) as connection,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(_ask, connection, question)
        with anyio.fail_after(DEADLINE_S):
            async for event in connection:
                report.events[type(event).__name__] += 1
                match event:
                    case agent.Welcome():
                        report.welcome(event.request_id)
                    case agent.ConversationText():
                        report.said(event.role, event.content)
                    case agent.FunctionCallRequest():
                        for call in event.functions:
                            content = report.called(call.name, call.arguments)
                            await connection.send_function_call_response(call.id, call.name, content)
                    case agent.Audio():
                        report.audio(bytes(event.data))
                    case agent.Error() | agent.Warning() | agent.UnknownEvent():
                        report.error(event)
                    case agent.AgentAudioDone():
                        break
        tasks.cancel_scope.cancel()
    report.print()


async def _ask(connection: AgentConnection, question: Question) -> None:
    for chunk in question.chunks():
        await connection.send(chunk)
        await anyio.sleep(CHUNK_S)


if __name__ == "__main__":
    anyio.run(main, *arguments())
