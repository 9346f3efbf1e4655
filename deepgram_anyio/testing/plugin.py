"""The pytest plugin: a scripted server and clients of it as fixtures.

It is loaded wherever the package is installed, and imports nothing but pytest until a fixture is asked for.

- `deepgram_server`: a `ScriptedServer`, for tests of any kind: it runs in a thread of its own.
- `deepgram_client`: an open `DeepgramClient` of it, in the event loop of a test that anyio's pytest plugin runs.
- `deepgram_sync_client`: an open blocking client of it.
- `deepgram_environment`: the same server, where every `DeepgramClient()` goes.
- `deepgram_replay`: serves recorded sessions; with ``--deepgram-record URL``, it records them anew.

``@pytest.mark.deepgram(...)`` takes the arguments of `deepgram_anyio.testing.serve`. A marker on a test wins over one
on its class, and that over one on its module.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from ..client import DeepgramClient
    from ..sync import DeepgramClient as SyncDeepgramClient
    from .recording_proxy import RecordingProxy
    from .replaying import ReplayServer
    from .server import ScriptedServer

__all__ = [
    "deepgram_client",
    "deepgram_environment",
    "deepgram_replay",
    "deepgram_server",
    "deepgram_shared_server",
    "deepgram_sync_client",
    "pytest_addoption",
    "pytest_configure",
]

T = TypeVar("T")

# What a running server can be told anew.
_CHANGEABLE = {"transcript", "speech", "replies", "faults"}
_SCOPES = ("function", "session")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the plugin's settings."""
    parser.addini(
        "deepgram_server_scope",
        "how long a scripted Deepgram server lives: function (default), or session, and then it is reset for each test",
        default="function",
    )
    parser.getgroup("deepgram").addoption(
        "--deepgram-record",
        metavar="URL",
        help="let deepgram_replay record sessions with the server at URL instead, with the key in DEEPGRAM_API_KEY",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers",
        "deepgram(transcript=..., speech=..., replies=..., faults=..., ...): what the fixture deepgram_server is like; "
        "see deepgram_anyio.testing.serve",
    )


@pytest.fixture(scope="session")
def deepgram_shared_server() -> Iterator[ScriptedServer]:
    """A scripted server that lives until the last test; ``deepgram_server_scope = session`` makes it everybody's."""
    from .server import serve

    with _in_a_thread(serve()) as server:
        yield server


@pytest.fixture
def deepgram_server(request: pytest.FixtureRequest) -> Iterator[ScriptedServer]:
    """A scripted server, as the marker ``deepgram`` says; new for each test, or reset."""
    from .server import serve

    options = _options(request)
    scope = request.config.getini("deepgram_server_scope")
    if scope not in _SCOPES:
        raise pytest.UsageError(f"deepgram_server_scope must be {' or '.join(_SCOPES)}, not {scope!r}")
    if scope == "session" and options.keys() <= _CHANGEABLE:
        server: ScriptedServer = request.getfixturevalue("deepgram_shared_server")
        server.begin_anew(**options)
        yield server
        server.reset()
        return
    with _in_a_thread(serve(**options)) as server:
        yield server


@pytest.fixture
async def deepgram_client(deepgram_server: ScriptedServer) -> AsyncIterator[DeepgramClient]:
    """An open client of `deepgram_server`."""
    async with deepgram_server.client() as client:
        yield client


@pytest.fixture
def deepgram_sync_client(deepgram_server: ScriptedServer) -> Iterator[SyncDeepgramClient]:
    """An open blocking client of `deepgram_server`."""
    with deepgram_server.sync_client() as client:
        yield client


@pytest.fixture
def deepgram_environment(deepgram_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
    """`deepgram_server`, to which the environment variables lead that `DeepgramClient()` reads."""
    for name, value in deepgram_server.environ.items():
        monkeypatch.setenv(name, value)
    return deepgram_server


@pytest.fixture
def deepgram_replay(request: pytest.FixtureRequest) -> Iterator[Callable[..., ReplayServer | RecordingProxy]]:
    """A function that serves a recording for the rest of the test: ``deepgram_replay("session.jsonl")``.

    Relative paths begin at the test's file. Keywords are those of `deepgram_anyio.testing.replay`. When the test is
    over, a client that did not do as recorded is an error.
    """
    upstream: str | None = request.config.getoption("--deepgram-record")
    with ExitStack() as stack:

        def serve(path: str | Path, **options: Any) -> ReplayServer | RecordingProxy:
            full = request.path.parent / path
            if upstream is not None:
                from .recording_proxy import record

                return stack.enter_context(_in_a_thread(record(full, upstream=upstream)))
            from .replaying import replay

            return stack.enter_context(_in_a_thread(replay(full, **options)))

        yield serve


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    from inspect import signature

    from .server import serve

    options: dict[str, Any] = {}
    for marker in request.node.iter_markers("deepgram"):  # the closest first
        if marker.args:
            raise pytest.UsageError("the marker deepgram takes keywords only, such as transcript='hello world'")
        options = {**marker.kwargs, **options}
    unknown = options.keys() - signature(serve).parameters.keys()
    if unknown:
        known = ", ".join(signature(serve).parameters)
        raise pytest.UsageError(f"the marker deepgram does not know {', '.join(sorted(unknown))}; it takes {known}")
    return options


@contextmanager
def _in_a_thread(context: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """Run an async context manager in an event loop of its own: then any test can use it, async or not."""
    from anyio.from_thread import start_blocking_portal

    with start_blocking_portal("asyncio") as portal, portal.wrap_async_context_manager(context) as entered:
        yield entered
