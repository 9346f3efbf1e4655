"""Functions that an agent calls and the client runs, through real sockets."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import anyio.lowlevel
import msgspec
import pytest

from deepgram_anyio import AgentConnection, DeepgramClient
from deepgram_anyio.protocol import agent

from .agent_peer import AgentPeer, agent_peer, request
from .cancellation import cancel_everywhere
from .transport.peers import ServerEnd

pytestmark = pytest.mark.anyio

SETTINGS: dict[str, Any] = {"audio": {}, "agent": {"think": {"provider": {"type": "open_ai"}}}}


class Place(msgspec.Struct):
    city: str


def asks(peer: AgentPeer, *calls: Any) -> None:
    """Let the stand-in ask for calls, once the settings apply."""

    async def ask(end: ServerEnd, message: dict[str, Any]) -> bool:
        if message["type"] == "Settings":
            await peer.say(end, agent.SettingsApplied(), *calls)
            return True
        return False

    peer.on_message = ask


def connect(dg: DeepgramClient, **functions: Callable[..., Any]) -> AbstractAsyncContextManager[AgentConnection]:
    return dg.agent.v1.connect(SETTINGS, functions=functions)


async def test_functions_are_called_and_their_results_sent_and_the_request_is_yielded() -> None:
    threads = []

    def weather(place: Place, days: int = 1) -> dict[str, Any]:
        threads.append(threading.current_thread())
        return {"city": place.city, "days": days}

    async def say(text: str) -> str:
        threads.append(threading.current_thread())
        return text

    async with agent_peer() as peer, peer.client() as dg:
        wanted = [
            request("weather", '{"place":{"city":"Rome"},"days":"3"}', call_id="1"),
            request("say", '{"text":"hi"}', call_id="2"),
            request("later", call_id="3"),
        ]
        asks(peer, *wanted)

        def later() -> Any:
            return say("later")

        async with connect(dg, weather=weather, say=say, later=later) as connection:
            responses = await peer.got("FunctionCallResponse", 3)
            events = [await anext(aiter(connection)) for _ in range(5)]
    assert events[2:] == wanted
    assert sorted(responses, key=lambda response: str(response["id"])) == [
        {"type": "FunctionCallResponse", "id": "1", "name": "weather", "content": '{"city":"Rome","days":3}'},
        {"type": "FunctionCallResponse", "id": "2", "name": "say", "content": "hi"},
        {"type": "FunctionCallResponse", "id": "3", "name": "later", "content": "later"},
    ]
    loop = threading.current_thread()
    assert sorted(thread is loop for thread in threads) == [False, True, True]


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("fail", "{}", "RuntimeError: out of order"),
        ("fail", '{"x":1}', "BadArgumentsError: unknown argument 'x'"),
        ("fail", "{", "BadArgumentsError: not a JSON object: Input data was truncated"),
        ("odd", "{}", "TypeError: Encoding objects of type object is unsupported"),
        ("unheard_of", "{}", "LookupError: no function 'unheard_of'"),
    ],
)
async def test_whatever_goes_wrong_is_the_answer(
    name: str, arguments: str, error: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise RuntimeError("out of order")

    def odd() -> object:
        return object()

    async with agent_peer() as peer, peer.client() as dg:
        asks(peer, request(name, arguments))
        async with connect(dg, fail=fail, odd=odd) as connection:
            (response,) = await peer.got("FunctionCallResponse")
            await connection.update_prompt("the conversation goes on")
    assert json.loads(response["content"]) == {"error": error}
    assert peer.messages[-1]["type"] == "UpdatePrompt"
    assert name in caplog.text


async def test_calls_run_at_the_same_time() -> None:
    both = [anyio.Event(), anyio.Event()]

    async def meet(mine: int) -> int:
        both[mine].set()
        await both[1 - mine].wait()
        return mine

    async with agent_peer() as peer, peer.client() as dg:
        first, second = request("meet", '{"mine":0}', call_id="1"), request("meet", '{"mine":1}', call_id="2")
        asks(peer, agent.FunctionCallRequest(functions=[*first.functions, *second.functions]))
        async with connect(dg, meet=meet):
            responses = await peer.got("FunctionCallResponse", 2)
    assert {response["content"] for response in responses} == {"0", "1"}


async def test_a_cancelled_call_stops_and_is_not_answered() -> None:
    began, stopped = anyio.Event(), anyio.Event()

    async def forever() -> None:
        began.set()
        try:
            await anyio.sleep_forever()
        finally:
            stopped.set()

    async with agent_peer() as peer, peer.client() as dg:

        async def cancel(end: ServerEnd, message: dict[str, Any]) -> bool:
            if message["type"] == "Settings":
                await peer.say(end, agent.SettingsApplied(), request("forever"))
                return True
            names = [agent.CancelledFunction(id=call_id, name="forever") for call_id in ("no such", "1")]
            await peer.say(end, agent.FunctionCallCancelled(functions=names), request("now", call_id="2"))
            return True

        peer.on_message = cancel
        async with connect(dg, forever=forever, now=lambda: "now") as connection:
            with anyio.fail_after(5):
                await began.wait()
                await connection.update_prompt("x")
                await stopped.wait()
            responses = await peer.got("FunctionCallResponse")
    assert [response["id"] for response in responses] == ["2"]


async def test_a_cancelled_thread_is_not_waited_for() -> None:
    began, release = threading.Event(), threading.Event()

    def block() -> None:
        began.set()
        release.wait(20)

    async with agent_peer() as peer, peer.client() as dg:
        asks(peer, request("block"))
        try:
            with anyio.fail_after(5):
                async with connect(dg, block=block):
                    while not began.is_set():
                        await anyio.lowlevel.checkpoint()
        finally:
            release.set()
    assert [message["type"] for message in peer.messages] == ["Settings"]


async def test_leaving_the_block_cancels_what_runs() -> None:
    began, stopped = anyio.Event(), anyio.Event()

    async def forever() -> None:
        began.set()
        try:
            await anyio.sleep_forever()
        finally:
            stopped.set()

    async with agent_peer() as peer, peer.client() as dg:
        asks(peer, request("forever"))
        async with connect(dg, forever=forever):
            with anyio.fail_after(5):
                await began.wait()
        assert stopped.is_set()
    assert peer.closes == [1000]


async def test_a_result_that_comes_after_the_end_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="deepgram_anyio")
    over, finished = anyio.Event(), anyio.Event()

    async def slow() -> None:
        await over.wait()
        finished.set()

    async with agent_peer() as peer, peer.client() as dg:

        async def leave(end: ServerEnd, message: dict[str, Any]) -> bool:
            await peer.say(end, agent.SettingsApplied(), request("slow"))
            await peer.close(end)
            return True

        peer.on_message = leave
        async with connect(dg, slow=slow) as connection:
            events = [event async for event in connection]
            over.set()
            await finished.wait()
            await anyio.wait_all_tasks_blocked()
    assert isinstance(events[-1], agent.FunctionCallRequest)
    assert "nobody waits for its result" in caplog.text


async def test_calls_of_the_server_and_calls_left_to_the_caller_are_not_run() -> None:
    ran = []
    async with agent_peer() as peer, peer.client() as dg:
        asks(peer, request("f", client_side=False), agent.AgentAudioDone())
        async with connect(dg, f=lambda: ran.append(1)) as connection:
            while not isinstance(await anext(aiter(connection)), agent.AgentAudioDone):
                pass
        asks(peer, request("f"), agent.AgentAudioDone())
        async with dg.agent.v1.connect(SETTINGS) as connection:
            async for event in connection:
                if isinstance(event, agent.FunctionCallRequest):
                    (call,) = event.functions
                    await connection.send_function_call_response(call.id, call.name, "mine")
                    break
    assert ran == []
    assert [message["content"] for message in peer.messages if message["type"] == "FunctionCallResponse"] == ["mine"]


def f(x: int) -> int:
    """Do it."""
    return x


SCHEMA = {
    "name": "f",
    "description": "Do it.",
    "parameters": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]},
}


@pytest.mark.parametrize(
    ("given", "add", "sent"),
    [
        ({"think": {"provider": {}}}, True, {"think": {"provider": {}, "functions": [SCHEMA]}}),
        (
            {"think": {"provider": {}, "functions": [{"name": "g"}]}},
            True,
            {"think": {"provider": {}, "functions": [{"name": "g"}, SCHEMA]}},
        ),
        ({"think": {"functions": [{"name": "f", "x": 1}]}}, True, {"think": {"functions": [{"name": "f", "x": 1}]}}),
        ({"think": [{"provider": {}}]}, True, {"think": [{"provider": {}}]}),
        ({}, True, {}),
        ("uuid", True, "uuid"),
        ({"think": {"provider": {}}}, False, {"think": {"provider": {}}}),
    ],
)
async def test_missing_schemas_are_added_where_there_is_one_model(given: Any, add: bool, sent: Any) -> None:
    settings = {"audio": {}, "agent": given}
    async with (
        agent_peer() as peer,
        peer.client() as dg,
        dg.agent.v1.connect(settings, functions={"f": f}, add_schemas=add),
    ):
        pass
    assert peer.messages[0]["agent"] == sent
    assert settings == {"audio": {}, "agent": given}


async def test_cancelled_anywhere_a_running_function_leaves_nothing_behind() -> None:
    async with agent_peer() as peer, peer.client() as dg:
        asks(peer, request("work"))

        async def work() -> None:
            done = anyio.Event()

            async def function() -> str:
                await anyio.lowlevel.checkpoint()
                done.set()
                return "done"

            async with connect(dg, work=function) as connection:
                await done.wait()
                await connection.update_prompt("x")

        assert peer.peer is not None
        assert await cancel_everywhere(work, peer.peer.all_closed) >= 8
