"""Which connection gets which faults."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from ...errors import ConfigError
from .actions import (
    Answer,
    AnswerRaw,
    Corrupt,
    Cut,
    CutKind,
    Direction,
    Fault,
    OneWay,
    Refuse,
    Silence,
    Stall,
    checked,
    ways,
)

__all__ = ["CUTS", "KINDS", "Kind", "Plan", "RandomSchedule", "Schedule"]

Schedule: TypeAlias = Callable[[int], Sequence[Fault]]
"""Gives the faults of a connection for its number, which counts from 1 in the order of accept."""

Kind: TypeAlias = Literal[
    "fin", "reset", "half_close", "handshake", "refuse", "outage", "answer", "garbage", "silence", "stall", "corrupt"
]
"""What a random schedule can draw."""
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Every kind of fault that a `RandomSchedule` knows."""
CUTS: tuple[Kind, ...] = ("fin", "reset", "half_close", "handshake")
"""The kinds that end a connection which was being used."""


@dataclass(frozen=True)
class Plan:
    """An explicit list: the first connection gets the first faults, and so on.

    Attributes:
        steps: the faults of each connection; an empty sequence for a clean one.
        repeat: begin again after the last step; else later connections are clean.
    """

    steps: Sequence[Sequence[Fault]]
    repeat: bool = False

    def __post_init__(self) -> None:
        for step in self.steps:
            checked(step)

    def __call__(self, number: int) -> Sequence[Fault]:
        """Return the faults of a connection by its number, from 1."""
        if not self.steps or (number > len(self.steps) and not self.repeat):
            return ()
        return self.steps[(number - 1) % len(self.steps)]


@dataclass(frozen=True, kw_only=True)
class RandomSchedule:
    """One random fault for each connection. It depends on the seed and the connection's number alone.

    So a run that failed can be played again from its seed. All ranges are pairs of the least and the most.

    The kinds: "fin", "reset" and "half_close" are `Cut`s; "handshake" is a fin or a reset after at most 60 bytes of the
    server's first answer; "refuse" resets on accept, "outage" does and closes the port for a while; "answer" is an
    `Answer` with one of `statuses`, "garbage" an `AnswerRaw` of 64 random bytes, "silence" a `Silence`; "stall" stops
    one way or both for a while; "corrupt" puts 16 random bytes into what the server says.

    Attributes:
        seed: anything that `str` writes the same way each time.
        kinds: which kinds to choose from.
        in_turn: take the kinds in their order, one for each connection, and begin again; else draw one.
        share: how many of the connections get a fault, 0 to 1.
        limit: the connections after so many are clean; None for no limit.
        after_bytes: how many bytes pass before a cut or a stall; "corrupt", too, uses this range, or 0 to 10,000.
            None for no such trigger.
        after_s: seconds after accept until a cut or a stall that the bytes did not trigger; None for no such trigger.
        direction: which way the bytes are counted; None draws it.
        statuses: HTTP statuses for "answer".
        stall_s: seconds that a stall lasts.
        outage_s: seconds that the port is closed for "outage".
        always: faults that every connection has in addition, those after the limit as well.
    """

    seed: object
    kinds: Sequence[Kind] = CUTS
    in_turn: bool = False
    share: float = 1.0
    limit: int | None = None
    after_bytes: tuple[int, int] | None = None
    after_s: tuple[float, float] | None = (0.5, 5.0)
    direction: OneWay | None = None
    statuses: Sequence[int] = (429, 500, 503)
    stall_s: tuple[float, float] = (1.0, 30.0)
    outage_s: tuple[float, float] = (0.5, 5.0)
    always: Sequence[Fault] = ()

    def __post_init__(self) -> None:
        if not self.kinds or not set(self.kinds) <= set(KINDS):
            raise ConfigError(f"kinds must be some of {', '.join(KINDS)}")
        if not self.statuses:
            raise ConfigError("statuses must not be empty")
        checked(self.always)
        for name in ("after_bytes", "after_s", "stall_s", "outage_s"):
            span = getattr(self, name)
            if span is not None and not 0 <= span[0] <= span[1] < math.inf:
                raise ConfigError(f"{name} must be a pair of the least and the most, both 0 or more")

    def __call__(self, number: int) -> Sequence[Fault]:
        """Return the faults of a connection by its number, from 1."""
        rng = random.Random(f"{self.seed}/{number}")  # noqa: S311 - it must be repeatable
        faulty = rng.random() < self.share
        kind = rng.choice(self.kinds)
        if self.in_turn:
            kind = self.kinds[(number - 1) % len(self.kinds)]
        if not faulty or (self.limit is not None and number > self.limit):
            return tuple(self.always)
        return (self._fault(kind, rng), *self.always)

    def _fault(self, kind: Kind, rng: random.Random) -> Fault:
        if kind == "fin" or kind == "reset" or kind == "half_close":
            return self._cut(kind, rng)
        if kind == "handshake":
            return Cut(kind=rng.choice(("fin", "reset")), after_bytes=rng.randint(0, 60))
        if kind == "stall":
            after_bytes, after_s = self._trigger(rng)
            drawn: Direction = rng.choice((*ways("both"), "both"))
            for_s = rng.uniform(*self.stall_s)
            return Stall(after_bytes=after_bytes, after_s=after_s, for_s=for_s, direction=self.direction or drawn)
        if kind == "corrupt":
            return Corrupt(after_bytes=rng.randint(*self.after_bytes or (0, 10_000)), data=rng.randbytes(16))
        if kind == "answer":
            return Answer(status=rng.choice(self.statuses))
        if kind == "garbage":
            return AnswerRaw(data=rng.randbytes(64))
        if kind == "silence":
            return Silence()
        return Refuse(for_s=rng.uniform(*self.outage_s) if kind == "outage" else 0.0)

    def _cut(self, kind: CutKind, rng: random.Random) -> Cut:
        after_bytes, after_s = self._trigger(rng)
        drawn = rng.choice(ways("both"))
        return Cut(kind=kind, after_bytes=after_bytes, after_s=after_s, direction=self.direction or drawn)

    def _trigger(self, rng: random.Random) -> tuple[int | None, float | None]:
        after_bytes = None if self.after_bytes is None else rng.randint(*self.after_bytes)
        return after_bytes, None if self.after_s is None else rng.uniform(*self.after_s)
