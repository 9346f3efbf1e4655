"""Which connection gets which faults: plans, random schedules, and what is wrong with a fault."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from deepgram_anyio.errors import ConfigError
from deepgram_anyio.local.faults import (
    CUTS,
    KINDS,
    Answer,
    AnswerRaw,
    Bandwidth,
    Corrupt,
    Cut,
    Delay,
    Fault,
    Kind,
    Plan,
    RandomSchedule,
    Refuse,
    Silence,
    Split,
    Stall,
)


def only(schedule: RandomSchedule, number: int) -> Fault:
    (fault,) = schedule(number)
    return fault


def test_a_plan_gives_one_connection_after_the_other_its_faults() -> None:
    cut, slow = Cut(), Bandwidth(bytes_per_s=1)
    plan = Plan([[cut], [], [slow, cut]])
    assert [list(plan(number)) for number in range(1, 6)] == [[cut], [], [slow, cut], [], []]


def test_a_plan_can_begin_again() -> None:
    cut = Cut()
    plan = Plan([[cut], []], repeat=True)
    assert [list(plan(number)) for number in range(1, 6)] == [[cut], [], [cut], [], [cut]]
    assert list(Plan([], repeat=True)(1)) == []


def test_a_random_schedule_depends_on_the_seed_and_the_number_alone() -> None:
    first = RandomSchedule(seed="a", kinds=KINDS, after_bytes=(0, 1000))
    again = RandomSchedule(seed="a", kinds=KINDS, after_bytes=(0, 1000))
    other = RandomSchedule(seed="b", kinds=KINDS, after_bytes=(0, 1000))
    faults = [first(number) for number in range(1, 200)]
    assert [again(number) for number in reversed(range(1, 200))] == faults[::-1]
    assert [other(number) for number in range(1, 200)] != faults
    assert len({repr(fault) for fault in faults}) > 100


@pytest.mark.parametrize(
    ("kind", "is_right"),
    [
        ("fin", lambda fault: isinstance(fault, Cut) and fault.kind == "fin"),
        ("reset", lambda fault: isinstance(fault, Cut) and fault.kind == "reset"),
        ("half_close", lambda fault: isinstance(fault, Cut) and fault.kind == "half_close"),
        (
            "handshake",
            lambda fault: (
                isinstance(fault, Cut)
                and fault.after_s is None
                and fault.direction == "to_client"
                and fault.kind != "half_close"
                and fault.after_bytes in range(61)
            ),
        ),
        ("refuse", lambda fault: fault == Refuse()),
        ("outage", lambda fault: isinstance(fault, Refuse) and 0.5 <= fault.for_s <= 5),
        ("answer", lambda fault: isinstance(fault, Answer) and fault.status in {429, 500, 503}),
        ("garbage", lambda fault: isinstance(fault, AnswerRaw) and len(fault.data) == 64),
        ("silence", lambda fault: fault == Silence()),
        ("stall", lambda fault: isinstance(fault, Stall) and fault.for_s is not None and 1 <= fault.for_s <= 30),
        ("corrupt", lambda fault: isinstance(fault, Corrupt) and fault.after_bytes in range(10_001)),
    ],
)
def test_the_kinds(kind: Kind, is_right: Callable[[Fault], bool]) -> None:
    schedule = RandomSchedule(seed=1, kinds=[kind])
    faults = [only(schedule, number) for number in range(1, 50)]
    assert all(map(is_right, faults))


def test_every_kind_is_tested_here() -> None:
    (mark,) = test_the_kinds.pytestmark  # type: ignore[attr-defined]
    assert [kind for kind, _ in mark.args[1]] == list(KINDS)
    assert set(CUTS) < set(KINDS)


def test_the_ranges_are_kept_and_used() -> None:
    schedule = RandomSchedule(seed=1, kinds=["fin", "stall"], after_bytes=(100, 200), after_s=(3, 4), stall_s=(5, 6))
    bytes_seen, seconds_seen = set(), set()
    for number in range(1, 400):
        fault = only(schedule, number)
        assert isinstance(fault, (Cut, Stall))
        bytes_seen.add(fault.after_bytes)
        seconds_seen.add(math.floor(fault.after_s or 0))
        if isinstance(fault, Stall):
            assert fault.for_s is not None
            assert 5 <= fault.for_s <= 6
    assert min(bytes_seen, key=lambda n: n or 0) in range(100, 105)
    assert max(bytes_seen, key=lambda n: n or 0) in range(196, 201)
    assert seconds_seen == {3}


def test_a_range_of_none_is_no_trigger() -> None:
    fault = only(RandomSchedule(seed=1, kinds=["reset"], after_s=None, after_bytes=(5, 5), direction="to_server"), 1)
    assert fault == Cut(kind="reset", after_bytes=5, direction="to_server")


def test_the_direction_is_drawn_when_it_is_not_given() -> None:
    schedule = RandomSchedule(seed=1, kinds=["fin", "stall"])
    faults = [only(schedule, number) for number in range(1, 100)]
    assert {fault.direction for fault in faults if isinstance(fault, Cut)} == {"to_server", "to_client"}
    assert {fault.direction for fault in faults if isinstance(fault, Stall)} == {"to_server", "to_client", "both"}


def test_the_kinds_in_turn() -> None:
    schedule = RandomSchedule(seed=1, kinds=["fin", "reset", "silence"], in_turn=True)
    kinds = [fault.kind if isinstance(fault, Cut) else "silence" for n in range(1, 8) for fault in schedule(n)]
    assert kinds == ["fin", "reset", "silence", "fin", "reset", "silence", "fin"]


def test_only_the_first_so_many_and_only_some_of_them() -> None:
    always = [Delay(delay_s=1)]
    schedule = RandomSchedule(seed=1, kinds=["refuse"], limit=100, share=0.3, always=always)
    faulty = [number for number in range(1, 300) if Refuse() in schedule(number)]
    assert 15 <= len(faulty) <= 45
    assert max(faulty) <= 100
    assert all(always[0] in schedule(number) for number in range(1, 300))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Cut(kind="snip"),  # type: ignore[arg-type]
        lambda: Cut(direction="both"),  # type: ignore[arg-type]
        lambda: Cut(after_bytes=-1),
        lambda: Cut(after_s=math.nan),
        lambda: Stall(direction="up"),  # type: ignore[arg-type]
        lambda: Stall(for_s=math.inf),
        lambda: Delay(delay_s=-1),
        lambda: Bandwidth(bytes_per_s=0),
        lambda: Split(size_bytes=0),
        lambda: Corrupt(after_bytes=-1),
        lambda: Refuse(for_s=-1),
        lambda: Answer(status=42),
        lambda: Plan([Cut()]),  # type: ignore[list-item]
        lambda: Plan(["fin"]),  # type: ignore[list-item]
        lambda: RandomSchedule(seed=1, kinds=[]),
        lambda: RandomSchedule(seed=1, kinds=["snip"]),  # type: ignore[list-item]
        lambda: RandomSchedule(seed=1, statuses=[]),
        lambda: RandomSchedule(seed=1, after_bytes=(2, 1)),
        lambda: RandomSchedule(seed=1, stall_s=(0, math.inf)),
        lambda: RandomSchedule(seed=1, always=["fin"]),  # type: ignore[list-item]
    ],
)
def test_what_cannot_work_is_refused(make: Callable[[], Any]) -> None:
    with pytest.raises(ConfigError):
        make()
