"""What is logged at which level, of connections and of calls."""

from __future__ import annotations

import anyio
import pytest

from deepgram_anyio import AuthenticationError, ConnectionClosed, ServerError

from ..promises.ear import RAW, SOON, Step, ear, speech
from ..rest.clients import talking
from ..rest_peer import Reply, json_reply
from ..stand_in import NEVER

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1, "deepgram_anyio")


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Level and beginning of each record, up to what differs from run to run."""
    records = [record for record in caplog.records if record.name.startswith("deepgram_anyio")]
    return [(record.levelname, str(record.msg).partition(" in %.2f")[0].partition(";")[0]) for record in records]


CONNECTING = ("DEBUG", "connecting to %s")
CONNECTED = ("INFO", "%s: connected to %s, request %s")
ENDED = "%s: request %s ended: %s"


async def test_a_session_with_a_break(caplog: pytest.LogCaptureFixture) -> None:
    async with (
        ear(Step(drop_after=2)) as listening,
        listening.client() as dg,
        dg.listen.v1.connect(**RAW, reconnect=SOON) as connection,
    ):
        for chunk in speech(0, 4):
            await connection.send(chunk)
        await connection.close_stream()
        async for _ in connection:
            pass
    assert told(caplog) == [
        CONNECTING,
        CONNECTED,
        ("WARNING", "%s: request %s: %s"),
        ("WARNING", "%s: connected again after %.2f s, request %s"),
        ("INFO", ENDED),
    ]


async def test_a_session_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    async with ear(Step(drop_after=1)) as listening, listening.client() as dg:
        with pytest.raises(ConnectionClosed):
            async with dg.listen.v1.connect(**RAW, reconnect=NEVER) as connection:
                await connection.send(speech(0, 1)[0])
                async for _ in connection:
                    pass
    assert told(caplog) == [CONNECTING, CONNECTED, ("WARNING", ENDED)]
    assert "ended: the peer closed with code 1011: told to" in caplog.text


async def test_a_session_that_is_left(caplog: pytest.LogCaptureFixture) -> None:
    async with ear() as listening, listening.client() as dg:
        with anyio.CancelScope() as scope:
            async with dg.listen.v1.connect(**RAW):
                scope.cancel()
                await anyio.sleep_forever()
    assert told(caplog) == [CONNECTING, CONNECTED, ("INFO", ENDED)]


async def test_a_session_that_never_was(caplog: pytest.LogCaptureFixture) -> None:
    async with ear(Step(refuse=401)) as listening, listening.client() as dg:
        with pytest.raises(AuthenticationError):
            async with dg.listen.v1.connect(**RAW):
                pass
    assert told(caplog) == [CONNECTING, ("INFO", "could not connect to %s: %s")]


async def test_calls(caplog: pytest.LogCaptureFixture) -> None:
    async with talking([Reply(503), json_reply({"projects": []}), Reply(503)]) as (dg, _):
        await dg.manage.v1.projects.list()
        with pytest.raises(ServerError):
            await dg.manage.v1.projects.list(max_retries=0)
    assert told(caplog) == [
        ("INFO", "%s failed and is tried again"),
        ("DEBUG", "%s: HTTP %d, request %s, attempt %d"),
        ("INFO", "%s failed, attempt %d: %s"),
    ]
