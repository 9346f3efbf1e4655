"""When a connection is made anew: the causes, the waits, the budgets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio import errors
from deepgram_anyio.protocol.policy import Reconnection, ReconnectPolicy, recoverable

BROKEN = errors.ConnectionClosed(code=1006)


@pytest.mark.parametrize("code", [1001, 1005, 1006, 1011, 1012, 1013])
def test_codes_of_passing_trouble_are_recoverable(code: int) -> None:
    assert recoverable(errors.ConnectionClosed(code=code))


@pytest.mark.parametrize("code", [1000, 1002, 1003, 1007, 1008, 1009, 1010, 1014, 1015, 3000, 4000, 4999])
def test_codes_that_would_come_again_are_final(code: int) -> None:
    assert not recoverable(errors.ConnectionClosed(code=code))


@pytest.mark.parametrize(
    ("status", "passing"),
    [(400, False), (401, False), (402, False), (403, False), (404, False), (408, True), (429, True), (503, True)],
)
def test_a_refusal_is_tried_again_only_when_it_may_pass(status: int, passing: bool) -> None:
    assert recoverable(errors.api_error(status, "no")) is passing


@pytest.mark.parametrize(
    ("cause", "passing"),
    [
        (errors.ConnectError("refused"), True),
        (errors.TimeoutError("silent"), True),
        (errors.RemoteProtocolError("garbage"), True),
        (errors.LocalProtocolError("ours"), False),
        (errors.ConfigError("a token function that gives none"), False),
        (RuntimeError("the caller's"), False),
    ],
)
def test_network_errors_pass_and_our_own_do_not(cause: Exception, passing: bool) -> None:
    assert recoverable(cause) is passing


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_waits_are_a_random_share_of_a_growing_and_bounded_time(attempt: int, share: float) -> None:
    policy = ReconnectPolicy(first_s=0.5, max_s=8.0)
    wait_s = policy.wait_s(attempt, share)
    assert 0 <= wait_s <= min(8.0, 0.5 * 2.0 ** min(attempt - 1, 10))
    assert wait_s == share * policy.wait_s(attempt, 1.0)


def test_attempts_are_counted_up_to_the_budget() -> None:
    reconnection = Reconnection(ReconnectPolicy(max_attempts=3, first_s=1.0))
    reconnection.broke(0.0, progressed=True, lasted_s=5.0)
    found = [reconnection.next_attempt(BROKEN, float(n), 1.0) for n in range(4)]
    assert [outage and (outage.attempt, outage.wait_s) for outage in found] == [(1, 1.0), (2, 2.0), (3, 4.0), None]


def test_the_budget_of_time_counts_the_wait() -> None:
    reconnection = Reconnection(ReconnectPolicy(max_outage_s=10.0, first_s=4.0))
    reconnection.broke(100.0, progressed=True, lasted_s=5.0)
    outage = reconnection.next_attempt(BROKEN, 106.0, 1.0, "request-1")
    assert outage is not None
    assert (outage.elapsed_s, outage.request_id, outage.cause) == (6.0, "request-1", BROKEN)
    assert reconnection.next_attempt(BROKEN, 106.1, 1.0) is None


def test_what_the_server_asks_for_is_waited_for() -> None:
    reconnection = Reconnection(ReconnectPolicy())
    reconnection.broke(0.0, progressed=True, lasted_s=5.0)
    busy = errors.api_error(429, "busy", retry_after=7.5)
    outage = reconnection.next_attempt(busy, 0.0, 0.0)
    assert outage is not None
    assert outage.wait_s == 7.5
    never = errors.api_error(429, "busy", retry_after=1e6)
    assert reconnection.next_attempt(never, 0.0, 0.0) is None


def test_a_connection_that_brings_nothing_is_a_failed_attempt() -> None:
    reconnection = Reconnection(ReconnectPolicy(max_attempts=2))
    for now in (0.0, 1.0):
        reconnection.broke(now, progressed=False, lasted_s=0.5)
        assert reconnection.next_attempt(BROKEN, now, 0.0) is not None
    reconnection.broke(2.0, progressed=False, lasted_s=0.5)
    assert reconnection.next_attempt(BROKEN, 2.0, 0.0) is None


@pytest.mark.parametrize(("progressed", "lasted_s"), [(True, 0.5), (False, 60.0)])
def test_one_that_brought_something_or_lasted_begins_another_outage(progressed: bool, lasted_s: float) -> None:
    reconnection = Reconnection(ReconnectPolicy(max_attempts=1, max_outage_s=5.0))
    for now in (0.0, 100.0, 200.0):
        reconnection.broke(now, progressed=progressed, lasted_s=lasted_s)
        outage = reconnection.next_attempt(BROKEN, now, 0.0)
        assert outage is not None
        assert outage.attempt == 1


def test_a_peer_that_speaks_no_websocket_is_given_up_soon() -> None:
    reconnection = Reconnection(ReconnectPolicy(max_attempts=100))
    reconnection.broke(0.0, progressed=False, lasted_s=0.0)
    garbage = errors.RemoteProtocolError("no")
    assert [reconnection.next_attempt(garbage, 0.0, 0.0) is not None for _ in range(4)] == [True, True, True, False]


def test_garbage_once_in_a_while_is_one_break_among_others() -> None:
    reconnection = Reconnection(ReconnectPolicy(max_attempts=100))
    reconnection.broke(0.0, progressed=False, lasted_s=0.0)
    garbage = errors.RemoteProtocolError("no")
    for cause in [BROKEN] * 5 + [garbage] * 3 + [BROKEN] + [garbage] * 3:
        assert reconnection.next_attempt(cause, 0.0, 0.0) is not None
    assert reconnection.next_attempt(garbage, 0.0, 0.0) is None


def test_no_attempts_means_off() -> None:
    assert Reconnection(ReconnectPolicy(max_attempts=0)).next_attempt(BROKEN, 0.0, 0.0) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_attempts": -1},
        {"max_outage_s": -1.0},
        {"first_s": float("nan")},
        {"max_replay_bytes": -1},
        {"replay_pace": 0.0},
    ],
)
def test_numbers_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(errors.ConfigError, match=r"negative|replay_pace"):
        ReconnectPolicy(**wrong)  # type: ignore[arg-type]
