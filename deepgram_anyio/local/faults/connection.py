"""One connection through the proxy, from accept to its end."""

from __future__ import annotations

import http
import json
import random
import socket
from collections.abc import Callable
from functools import partial
from typing import Literal

import anyio
from anyio.abc import TaskGroup

from .actions import (
    Answer,
    AnswerRaw,
    Corrupt,
    Cut,
    CutKind,
    Direction,
    Fault,
    OneWay,
    Opening,
    Refuse,
    Stall,
    Triggered,
    ways,
)
from .pump import Pump, Shape
from .records import ConnectionRecord, End, Fired
from .sockets import Address, Gate, close_in_order, connect, receive, reset, send_all

__all__ = ["Connection"]

_MAX_HEAD_BYTES = 64 * 1024
_REQUEST_ID = "00000000-0000-0000-0000-000000000000"


class Connection:
    """One client's connection, and the one to the server that it is joined with.

    Attributes:
        record: what became of it so far.
    """

    def __init__(
        self,
        client: socket.socket,
        record: ConnectionRecord,
        *,
        upstream: Address,
        seed: object,
        buffer_bytes: int | None,
        on_change: Callable[[], None],
    ) -> None:
        """Take an accepted socket.

        Args:
            client: the socket, which `close` closes.
            record: where to note what happens.
            upstream: the server.
            seed: for the jitter.
            buffer_bytes: what the system may buffer for the server's socket, each way; None leaves it to the system.
            on_change: called after each change of the record.
        """
        self.record = record
        self._client = client
        self._socks = [client]
        self._upstream = upstream
        self._seed = seed
        self._buffer_bytes = buffer_bytes
        self._on_change = on_change
        self._gates: dict[OneWay, Gate] = {way: Gate() for way in ways("both")}
        self._pumps: dict[OneWay, Pump] = {}
        self._scope = anyio.CancelScope()
        self._tasks: TaskGroup | None = None
        self._ending: Literal["fin", "reset"] | None = None

    @property
    def opening(self) -> Opening | None:
        """The fault that it has instead of a connection to the server."""
        return next((fault for fault in self.record.faults if isinstance(fault, Opening)), None)

    async def run(self) -> None:
        """Do all there is to do; `close` has to follow in any case."""
        with self._scope:
            await (self._join() if self.opening is None else self._open_badly(self.opening))
        await self._finish()

    def close(self) -> None:
        """Close the sockets, when no task uses them any more."""
        for sock in self._socks:
            sock.close()
        self.record.end = self.record.end or "stopped"
        self.record.closed_at = anyio.current_time()
        self._on_change()

    def cut(self, kind: CutKind, way: OneWay) -> None:
        """End it by hand, or half of it."""
        self._fire(Cut(kind=kind, direction=way))

    def stall(self, direction: Direction) -> None:
        """Let nothing pass, by hand."""
        self._fire(Stall(direction=direction))

    def resume(self) -> None:
        """End every stall."""
        for gate in self._gates.values():
            gate.open()

    async def _join(self) -> None:
        try:
            server = await connect(self._upstream, buffer_bytes=self._buffer_bytes)
        except OSError:
            self._end("unreachable", "reset")
            return
        self._socks.append(server)
        self._pumps = {
            "to_server": self._pump("to_server", self._client, server),
            "to_client": self._pump("to_client", server, self._client),
        }
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            for fault in self.record.faults:
                if isinstance(fault, Triggered):
                    self._arm(fault, tasks)
            async with anyio.create_task_group() as pumps:
                for pump in self._pumps.values():
                    pumps.start_soon(self._run_pump, pump)
            tasks.cancel_scope.cancel()

    def _pump(self, way: OneWay, source: socket.socket, sink: socket.socket) -> Pump:
        return Pump(
            source,
            sink,
            shape=Shape.of(self.record.faults, way),
            gate=self._gates[way],
            rng=random.Random(f"{self._seed}/{self.record.number}/{way}"),  # noqa: S311 - it must be repeatable
            on_passed=partial(self._count, way),
            on_mark=self._fire,
        )

    async def _run_pump(self, pump: Pump) -> None:
        try:
            await pump.run()
        except OSError:
            self._end("reset", "reset")

    def _count(self, way: OneWay, count: int) -> None:
        if way == "to_server":
            self.record.to_server_bytes += count
        else:
            self.record.to_client_bytes += count
        self._on_change()

    def _arm(self, fault: Triggered, tasks: TaskGroup) -> None:
        after_s = None if isinstance(fault, Corrupt) else fault.after_s
        after_bytes = 0 if fault.after_bytes is None and after_s is None else fault.after_bytes
        if after_bytes is not None:
            for way in ways(fault.direction):
                self._pumps[way].mark(after_bytes, fault)
        if after_s is not None:
            tasks.start_soon(self._fire_later, fault, after_s)

    async def _fire_later(self, fault: Triggered, after_s: float) -> None:
        await anyio.sleep_until(self.record.opened_at + after_s)
        self._fire(fault)

    def _fire(self, fault: Fault) -> None:
        """Let a fault happen, once."""
        record = self.record
        if record.end is not None or any(fired.fault is fault for fired in record.fired):
            return
        record.fired.append(
            Fired(
                fault=fault,
                after_s=anyio.current_time() - record.opened_at,
                to_server_bytes=record.to_server_bytes,
                to_client_bytes=record.to_client_bytes,
            )
        )
        if isinstance(fault, Stall):
            self._stall(fault)
        elif isinstance(fault, Cut):
            self._cut(fault)
        self._on_change()

    def _stall(self, fault: Stall) -> None:
        holder = object()
        gates = [self._gates[way] for way in ways(fault.direction)]
        for gate in gates:
            gate.hold(holder)

        async def release() -> None:
            await anyio.sleep(fault.for_s or 0.0)
            for gate in gates:
                gate.release(holder)

        if fault.for_s is not None and self._tasks is not None:
            self._tasks.start_soon(release)

    def _cut(self, fault: Cut) -> None:
        if fault.kind == "half_close" and self._pumps:
            self._pumps[fault.direction].half_close()
        else:
            self._end("cut", "reset" if fault.kind == "reset" else "fin")

    def _end(self, end: End, how: Literal["fin", "reset"]) -> None:
        if self.record.end is None:  # the first cause counts
            self.record.end = end
            self._ending = how
            self._scope.cancel()

    async def _finish(self) -> None:
        if any(pump.sink_broke for pump in self._pumps.values()) and self._ending is None:
            self._end("reset", "reset")
        if self._ending == "reset":
            for sock in self._socks:
                reset(sock)
        elif self._ending == "fin":
            await close_in_order(*self._socks)
        self.record.end = self.record.end or "closed"

    async def _open_badly(self, fault: Opening) -> None:
        if isinstance(fault, Refuse):
            self._fire(fault)
            self._end("refused", "reset")
            return
        try:
            if isinstance(fault, Answer):
                await self._answer(fault, await self._receive_head(), _http_answer(fault))
            elif isinstance(fault, AnswerRaw):
                await self._answer(fault, await receive(self._client), fault.data)
            else:
                self._fire(fault)
                while await receive(self._client):
                    pass
        except OSError:
            self._end("reset", "reset")

    async def _receive_head(self) -> bytes:
        """Read a request's head, and what came with it; nothing if the client left before."""
        head = b""
        while b"\r\n\r\n" not in head and len(head) < _MAX_HEAD_BYTES:
            data = await receive(self._client)
            if not data:
                return b""
            head += data
        return head

    async def _answer(self, fault: Fault, request: bytes, answer: bytes) -> None:
        if request:
            self._fire(fault)
            await send_all(self._client, answer)
            self._end("answered", "fin")


def _http_answer(fault: Answer) -> bytes:
    try:
        phrase = http.HTTPStatus(fault.status).phrase
    except ValueError:
        phrase = "Fault"
    body = fault.body
    if body is None:
        body = {"err_code": phrase.upper().replace(" ", "_"), "err_msg": phrase, "request_id": _REQUEST_ID}
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {
        "content-type": "application/octet-stream" if isinstance(body, bytes) else "application/json",
        "content-length": str(len(payload)),
        "connection": "close",
    }
    if fault.retry_after_s is not None:
        headers["retry-after"] = str(fault.retry_after_s)
    headers |= {name.lower(): value for name, value in fault.headers.items()}
    lines = [f"HTTP/1.1 {fault.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + payload
