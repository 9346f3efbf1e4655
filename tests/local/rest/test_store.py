"""The store by itself: what it keeps, and what it never tells."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from deepgram_anyio.local.answers import Refusal
from deepgram_anyio.local.rest.accounts import TOKEN_PREFIX
from deepgram_anyio.local.rest.history import History, Used, features_of
from deepgram_anyio.local.rest.scopes import PERMISSIONS, ROLES, SCOPES, permissions
from deepgram_anyio.local.rest.store import Shelf, Store, utc_now
from deepgram_anyio.protocol.rest.usage import RequestsOptions

from .app import Clock

ROLE_ORDER = ["member", "admin", "owner"]


def test_roles_hold_each_other() -> None:
    for lower, higher in pairwise(ROLE_ORDER):
        assert ROLES[lower] < ROLES[higher]
    assert ROLES["owner"] == PERMISSIONS < SCOPES
    assert permissions(["keys:write"]) == {"keys:write", "keys:read"}
    assert permissions(["emperor", "keys:*"]) == frozenset()
    assert permissions([]) == frozenset()


def test_times_are_told_in_milliseconds() -> None:
    before = datetime.now(timezone.utc)
    now = utc_now()
    assert now.microsecond % 1000 == 0
    assert timedelta(0) <= now - before + timedelta(milliseconds=1) < timedelta(seconds=10)


def test_a_shelf_keeps_projects_apart() -> None:
    shelf = Shelf[int]("number")
    shelf.put("a", "1", 1)
    shelf.put("b", "1", 2)
    shelf.put("a", "2", 3)
    assert (shelf.all("a"), shelf.all("b"), shelf.all("c")) == ([1, 3], [2], [])
    assert shelf.pop("a", "1") == 1
    with pytest.raises(Refusal, match="no number '1'"):
        shelf.get("a", "1")
    assert shelf.get("b", "1") == 2


def test_the_history_is_bounded() -> None:
    store = Store()
    caller = store.accounts.identify("", "")
    assert caller is not None
    for number in range(10_050):
        store.history.record(
            caller,
            request_id=str(number),
            created=store.created,
            path="/v1/read",
            query=b"",
            streaming=False,
            code=200,
            used=Used(),
        )
    found = store.history.requests(caller.project_id, RequestsOptions())
    assert [found[0].request_id, found[-1].request_id, len(found)] == ["10049", "50", 10_000]
    assert store.history.find(caller.project_id, "49") is None
    assert store.history.find("another", "10049") is None


def test_features_are_parameters_that_are_switched_on() -> None:
    parameters = {"punctuate": "true", "diarize": "False", "search": "", "redact": "pci", "model": "x", "nonsense": "1"}
    assert features_of(parameters) == ("punctuate", "redact")
    assert History().find("", "") is None


class Credentials(RuleBasedStateMachine):
    """Keys and tokens come, expire and go; at any time exactly those that should let someone in do."""

    keys = Bundle("keys")

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.store = Store(["root"], clock=self.clock)
        self.accounts = self.store.accounts
        owner = self.accounts.identify("token", "root")
        assert owner is not None
        self.owner = owner
        self.good: dict[str, tuple[str, datetime | None]] = {"root": (owner.api_key_id, None)}
        self.bad: set[str] = set()

    def project(self) -> Any:
        found = self.accounts.project(self.owner.project_id, self.owner)
        assert found is not None
        return found

    @rule(target=keys, scope=st.sampled_from(sorted(SCOPES)), ttl_s=st.none() | st.integers(1, 100))
    def create(self, scope: str, ttl_s: int | None) -> Any:
        expires = None if ttl_s is None else self.clock.now + timedelta(seconds=ttl_s)
        key, secret = self.accounts.create_key(self.owner, comment="", scopes=[scope], tags=[], expires=expires)
        self.good[secret] = key.api_key_id, expires
        return key.api_key_id, secret

    @rule(key=keys, ttl_s=st.floats(0.001, 100))
    def grant(self, key: tuple[str, str], ttl_s: float) -> None:
        caller = self.accounts.identify("token", key[1])
        if caller is not None:
            token = self.accounts.grant(caller, ttl_s)
            assert token.startswith(TOKEN_PREFIX)
            expires = self.clock.now + timedelta(seconds=ttl_s)
            own = self.good[key[1]][1]
            self.good[token] = key[0], expires if own is None else min(expires, own)

    @rule(key=consumes(keys))
    def delete(self, key: tuple[str, str]) -> None:
        self.accounts.delete_key(self.project(), key[0])
        gone = {secret for secret, (key_id, _) in self.good.items() if key_id == key[0]}
        self.bad |= gone
        for secret in gone:
            del self.good[secret]

    @rule(seconds=st.floats(0, 60))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)

    @invariant()
    def those_and_only_those_let_in(self) -> None:
        for secret, (key_id, expires) in self.good.items():
            caller = self.accounts.identify("Bearer", secret)
            assert (caller is not None) == (expires is None or self.clock.now < expires)
            assert caller is None or caller.api_key_id == key_id
        assert not any(self.accounts.identify("Bearer", secret) for secret in self.bad)
        everything = repr(vars(self.accounts))
        assert not any(secret in everything for secret in self.good)


TestCredentials = Credentials.TestCase
