"""How handlers are called: every shape of function, sync and async, in order."""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Callable
from typing import Any

import pytest

from deepgram_anyio.sync.v4.errors import DeepgramTypeError
from deepgram_anyio.sync.v4.handlers import AsyncioRunner, Dispatcher, EventKind, Handler, Handlers
from deepgram_anyio.sync.v4.responses_common import CloseResponse, ErrorResponse, OpenResponse, UnhandledResponse

RESULT = EventKind("result")
OPEN = EventKind("open", positional=True)
CLIENT = object()


class Callables:
    def __init__(self) -> None:
        self.got: Any = None

    def v4(self, client: Any, result: Any, **kwargs: Any) -> Any:
        return client, result, kwargs

    def readme(self, result: Any) -> Any:
        return result

    def __call__(self, client: Any, result: Any) -> Any:
        return client, result

    async def asynchronous(self, client: Any, result: Any) -> Any:
        return client, result


def two(client: Any, result: Any, tag: str) -> Any:
    return client, result, tag


CASES: list[tuple[Callable[..., Any], EventKind, dict[str, Any], Any]] = [
    (lambda self, result, **kwargs: (self, result, kwargs), RESULT, {"a": 1}, (CLIENT, 7, {"a": 1})),
    (lambda self, result: (self, result), RESULT, {"a": 1}, (CLIENT, 7)),
    (lambda self, result, a: (self, result, a), RESULT, {"a": 1, "b": 2}, (CLIENT, 7, 1)),
    (lambda self, a, result: (self, a, result), RESULT, {"a": 1}, (CLIENT, 1, 7)),
    (lambda self, *, result: (self, result), RESULT, {}, (CLIENT, 7)),
    (lambda *, result: result, RESULT, {}, 7),
    (lambda result: result, RESULT, {}, 7),
    (lambda result, **kwargs: (result, kwargs), RESULT, {"a": 1}, (7, {"a": 1})),
    (lambda event: event, RESULT, {"a": 1}, 7),
    (lambda event, queue=3: (event, queue), RESULT, {}, (7, 3)),
    (lambda client, event=None: (client, event), RESULT, {}, (CLIENT, 7)),
    (lambda one, another: (one, another), RESULT, {}, (CLIENT, 7)),
    (lambda self, event, **kwargs: (self, event, kwargs), RESULT, {"a": 1}, (CLIENT, 7, {"a": 1})),
    (lambda self, **kwargs: (self, kwargs), RESULT, {"a": 1}, (CLIENT, {"result": 7, "a": 1})),
    (lambda *args, **kwargs: (args, kwargs), RESULT, {"a": 1}, ((CLIENT,), {"result": 7, "a": 1})),
    (lambda *args, **kwargs: (args, kwargs), OPEN, {"a": 1}, ((CLIENT, 7), {"a": 1})),
    (lambda self, *args, **kwargs: (self, args, kwargs), OPEN, {}, (CLIENT, (), {"open": 7})),
    (lambda *args: args, RESULT, {"a": 1}, (CLIENT, 7)),
    (lambda **kwargs: kwargs, RESULT, {"a": 1}, {"result": 7, "a": 1}),
    (lambda: "called", RESULT, {"a": 1}, "called"),
    (Callables().v4, RESULT, {"a": 1}, (CLIENT, 7, {"a": 1})),
    (Callables().readme, RESULT, {}, 7),
    (Callables(), RESULT, {}, (CLIENT, 7)),
    (functools.partial(two, tag="t"), RESULT, {}, (CLIENT, 7, "t")),
    (functools.partial(two, "bound", tag="t"), RESULT, {}, ("bound", 7, "t")),
    (str, RESULT, {}, "7"),
]


@pytest.mark.parametrize(("function", "kind", "keywords", "expected"), CASES)
def test_shapes(function: Callable[..., Any], kind: EventKind, keywords: dict[str, Any], expected: Any) -> None:
    assert Handler(function, kind).bind(CLIENT, keywords)(7) == expected


def test_async_functions_are_recognised() -> None:
    async def plain(result: Any) -> None: ...

    class Callable_:  # noqa: N801
        async def __call__(self, result: Any) -> None: ...

    for function in (plain, functools.partial(plain), Callables().asynchronous, Callable_()):
        assert Handler(function, RESULT).is_async
    assert not Handler(Callables(), RESULT).is_async


EVENTS = {
    "Open": EventKind("open", OpenResponse, positional=True),
    "Close": EventKind("close", CloseResponse, positional=True),
    "New": EventKind("new", OpenResponse, known_to_v4=False),
    "AudioData": EventKind("data"),
    "Error": EventKind("error", ErrorResponse),
    "Unhandled": EventKind("unhandled", UnhandledResponse),
}


class Loop(AsyncioRunner):
    """Runs async handlers on a loop of its own."""

    def __init__(self) -> None:
        self.runs = 0

    def run(self, function: Any) -> None:
        self.runs += 1
        asyncio.run(function())


def dispatcher(handlers: Handlers, runner: Any = None) -> Dispatcher:
    return Dispatcher(CLIENT, handlers, {}, runner or Loop(), contextvars.copy_context())


def test_messages_are_decoded_and_called_in_order() -> None:
    handlers, seen, runner = Handlers(EVENTS), [], Loop()

    async def late(open: Any) -> None:  # noqa: A002 - v4's name
        await asyncio.sleep(0)
        seen.append(("async", open.mark))

    handlers.on("Open", lambda event: seen.append(("first", event.mark)))
    handlers.on("Open", late)
    handlers.on("Open", lambda event: late(event))
    handlers.on("AudioData", lambda data: seen.append(("audio", data)))
    handlers.on("Unhandled", lambda unhandled: seen.append(("unhandled", unhandled.raw)))
    told = dispatcher(handlers, runner)
    batch = [
        ("Open", b'{"type":"Open","mark":1}'),
        ("AudioData", memoryview(b"ab")),
        ("New", b'{"type":"New"}'),
        (None, b"\xff"),
    ]
    assert told.wants(batch)
    told.deliver(batch)
    assert seen == [
        ("first", 1),
        ("async", 1),
        ("async", 1),
        ("audio", b"ab"),
        ("unhandled", '{"type":"New"}'),
        ("unhandled", "\ufffd"),
    ]
    assert not told.wants([("Close", b"{}")])


def test_async_handlers_share_one_switch_to_their_loop() -> None:
    handlers, seen, runner = Handlers(EVENTS), [], Loop()

    async def handle(client: Any, data: bytes) -> None:
        seen.append(data)
        if data == b"1":
            raise ValueError("mine")

    errors: list[str] = []
    handlers.on("AudioData", handle)
    handlers.on("Error", lambda error: errors.append(error.message))
    told = dispatcher(handlers, runner)
    told.deliver([("AudioData", str(number).encode()) for number in range(4)])
    assert seen == [b"0", b"1", b"2", b"3"]
    assert runner.runs == 2
    assert len(errors) == 1
    assert "handle: ValueError: mine" in errors[0]


def test_a_loop_that_is_gone_ends_the_delivery() -> None:
    handlers, seen = Handlers(EVENTS), []
    loop = asyncio.new_event_loop()
    loop.close()

    async def handle(data: bytes) -> None:
        seen.append(data)

    handlers.on("AudioData", handle)
    told = dispatcher(handlers, AsyncioRunner(loop))
    failures: list[BaseException] = []
    told.on_failure = failures.append
    told.deliver([("AudioData", b"1"), ("AudioData", b"2")])
    assert (seen, told.stopped, len(failures)) == ([], True, 1)


def test_wrong_registrations(caplog: pytest.LogCaptureFixture) -> None:
    handlers = Handlers(EVENTS)
    with pytest.raises(DeepgramTypeError, match="callable"):
        handlers.on("Open", 5)  # type: ignore[arg-type]
    handlers.on("Nonsense", print)
    assert "Nonsense" in caplog.text


def test_a_signature_that_cannot_fit_is_reported() -> None:
    handlers, errors = Handlers(EVENTS), []
    handlers.on("Open", lambda a, b, c: None)
    handlers.on("Error", lambda error: errors.append(error.message))
    dispatcher(handlers).deliver([("Open", OpenResponse(type="Open"))])
    assert len(errors) == 1
    assert "TypeError" in errors[0]
