"""What happens to each connection of a stream, drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence

from deepgram_anyio.local.faults import Fault, Kind, OneWay, RandomSchedule

__all__ = ["BREAKS", "OPENINGS", "Misfortune"]

BREAKS: tuple[Kind, ...] = ("fin", "reset", "half_close", "stall", "corrupt")
"""What breaks a connection that was being used."""

OPENINGS: tuple[Kind, ...] = ("handshake", "refuse", "outage", "answer", "garbage", "silence")
"""What keeps a connection from being used at all."""


class Misfortune:
    """A schedule: connections that break in every way there is, and between them others that do not come about.

    The first connection comes about, since a client does not try that one again. After the last misfortune, connections
    are clean.

    Attributes:
        kinds: what happens to each connection, in their order.
    """

    def __init__(
        self,
        seed: object,
        *,
        byte_rate: int,
        breaks: int = 11,
        openings: int = len(OPENINGS),
        audio_s: tuple[float, float] = (0.3, 2.5),
        answer_bytes: tuple[int, int] = (200, 1500),
        stall_s: tuple[float, float] = (2.5, 4.0),
    ) -> None:
        """
        Args:
            seed: what everything is drawn from.
            byte_rate: of the audio.
            breaks: how many connections break.
            openings: how many others do not come about.
            audio_s: how much audio passes before a break, in seconds, least and most.
            answer_bytes: or how much the server says before it.
            stall_s: how long a stall lasts.
        """
        rng = random.Random(f"{seed}/order")
        self.kinds: list[Kind] = _rounds(BREAKS, breaks, rng)
        for kind in _rounds(OPENINGS, openings, rng):
            self.kinds.insert(rng.randint(1, len(self.kinds)), kind)
        self._seed = seed
        self._span: dict[OneWay, tuple[int, int]] = {
            "to_server": (int(audio_s[0] * byte_rate), int(audio_s[1] * byte_rate)),
            "to_client": answer_bytes,
        }
        self._stall_s = stall_s

    def __call__(self, number: int) -> Sequence[Fault]:
        """Return the faults of a connection by its number, from 1."""
        if number > len(self.kinds):
            return ()
        kind = self.kinds[number - 1]
        ways: list[OneWay] = ["to_client"] if kind == "corrupt" else ["to_server", "to_client"]
        way = random.Random(f"{self._seed}/{number}/way").choice(ways)
        drawn = RandomSchedule(
            seed=self._seed,
            kinds=[kind],
            after_bytes=self._span[way],
            after_s=None,
            direction=way,
            statuses=(429, 503),
            stall_s=self._stall_s,
            outage_s=(0.05, 0.3),
        )
        return drawn(number)


def _rounds(kinds: Sequence[Kind], count: int, rng: random.Random) -> list[Kind]:
    """Draw so many kinds; each comes once before one comes twice."""
    found: list[Kind] = []
    while len(found) < count:
        found += rng.sample(kinds, k=min(len(kinds), count - len(found)))
    return found
