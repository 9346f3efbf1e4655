"""What happens instead of a connection to the server."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest

from deepgram_anyio.local.faults import Answer, AnswerRaw, Cut, Delay, Plan, Refuse, Silence, fault_proxy

from .support import dialled, read_all, read_exactly, through

pytestmark = pytest.mark.anyio

REQUEST = b"POST /v1/listen HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"


async def answer_to(proxy: Any, *pieces: bytes) -> tuple[bytes, str]:
    async with await dialled(proxy) as client:
        for piece in pieces:
            await client.send(piece)
        received = bytearray()
        end = await read_all(client, received.extend)
        return bytes(received), end


def parsed(answer: bytes) -> tuple[str, dict[str, str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    return status, dict(line.split(": ", 1) for line in lines), body


async def test_refused_on_accept() -> None:
    async with through([Refuse()], greeting=b"hello") as (proxy, server):
        assert await answer_to(proxy) == (b"", "reset")
        await proxy.wait_closed(1)
        (record,) = proxy.connections
        assert record.end == "refused"
        assert [fired.fault for fired in record.fired] == [Refuse()]
        assert server.ends == []


async def test_while_it_is_out_the_port_is_closed_and_then_it_is_back() -> None:
    async with through(Plan([[Refuse(for_s=0.05)]]), greeting=b"hello") as (proxy, _):
        assert await answer_to(proxy) == (b"", "reset")
        with pytest.raises(OSError, match=r"."):
            await dialled(proxy)
        await proxy.wait_until(lambda: proxy.listening)
        async with await dialled(proxy) as client:
            assert await read_exactly(client, 5) == b"hello"
        assert proxy.connections[0].end == "refused"


async def test_an_answer_in_the_form_of_the_api() -> None:
    async with through([Answer(status=401)]) as (proxy, server):
        answer, end = await answer_to(proxy, REQUEST)
        status, headers, body = parsed(answer)
        assert end == "fin"
        assert status == "HTTP/1.1 401 Unauthorized"
        assert headers["content-length"] == str(len(body))
        assert json.loads(body)["err_code"] == "UNAUTHORIZED"
        await proxy.wait_closed()
        (record,) = proxy.connections
        assert record.end == "answered"
        assert record.fired[0].fault == Answer(status=401)
        assert (record.to_server_bytes, record.to_client_bytes) == (0, 0)
        assert server.ends == []


async def test_an_answer_of_ones_own() -> None:
    fault = Answer(status=499, headers={"Dg-Error": "no", "Connection": "keep"}, body=[1, 2], retry_after_s=7)
    async with through([fault]) as (proxy, _):
        # The head comes in two pieces, and a body after it that nobody asked for: the answer must not be lost to it.
        answer, end = await answer_to(proxy, REQUEST[:10], REQUEST[10:], b"x" * 100_000)
    assert end == "fin"
    status, headers, body = parsed(answer)
    assert status == "HTTP/1.1 499 Fault"
    assert headers["dg-error"] == "no"
    assert headers["connection"] == "keep"
    assert headers["retry-after"] == "7"
    assert body == b"[1, 2]"


async def test_an_answer_with_bytes_as_its_body() -> None:
    async with through([Answer(status=200, body=b"\x00\x01")]) as (proxy, _):
        _, headers, body = parsed((await answer_to(proxy, REQUEST))[0])
    assert body == b"\x00\x01"
    assert headers["content-type"] == "application/octet-stream"


async def test_garbage_for_an_answer() -> None:
    async with through([AnswerRaw(data=b"\x00garbage")]) as (proxy, server):
        assert await answer_to(proxy, b"any") == (b"\x00garbage", "fin")
        await proxy.wait_closed()
        assert proxy.connections[0].end == "answered"
        assert server.ends == []


@pytest.mark.parametrize("fault", [Answer(), AnswerRaw()])
async def test_a_client_that_asks_nothing_gets_no_answer(fault: Any) -> None:
    async with through([fault]) as (proxy, _):
        async with await dialled(proxy) as client:
            await client.send_eof()
            assert await read_all(client, bytearray().extend) == "fin"
        await proxy.wait_closed()
        assert proxy.connections[0].end == "closed"
        assert proxy.connections[0].fired == []


async def test_silence_takes_everything_and_says_nothing() -> None:
    async with through([Silence()], greeting=b"hello") as (proxy, server):
        async with await dialled(proxy) as client:
            await client.send(b"x" * 10_000_000)
            with anyio.move_on_after(0.05) as waiting:
                await client.receive()
            assert waiting.cancelled_caught
            assert proxy.connections[0].end is None
        await proxy.wait_closed()
        assert proxy.connections[0].end == "closed"
        assert server.ends == []


@pytest.mark.parametrize("kind", ["fin", "reset", "half_close"])
async def test_silence_can_be_cut_by_hand(kind: Any) -> None:
    async with through([Silence()]) as (proxy, _), await dialled(proxy) as client:
        await proxy.wait_connections(1)
        await proxy.wait_until(lambda: bool(proxy.connections[0].fired))
        proxy.cut(kind)
        assert await read_all(client, bytearray().extend) == ("reset" if kind == "reset" else "fin")
        assert proxy.connections[0].end == "cut"


async def test_the_first_of_several_counts() -> None:
    async with through([Delay(), AnswerRaw(data=b"a"), Refuse(), Cut()]) as (proxy, _):
        assert await answer_to(proxy, b"any") == (b"a", "fin")


async def test_a_server_that_cannot_be_reached() -> None:
    async with through() as (proxy, _):
        await proxy.pause_listening()
        async with fault_proxy(("127.0.0.1", proxy.port)) as second:
            assert await answer_to(second) == (b"", "reset")
            await second.wait_closed()
            assert second.connections[0].end == "unreachable"
