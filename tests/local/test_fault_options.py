"""What the embedded server can be told to do wrong: every value is checked before anything listens."""

from __future__ import annotations

from typing import Any

import pytest

from deepgram_anyio import ConfigError, DeepgramClient
from deepgram_anyio.local import FaultOptions, serve


def test_the_defaults_do_nothing() -> None:
    off = (None, 0, 0.0, False)
    choices = {"refuse_what", "odd_kind", "error_kind", "error_code"}
    options = FaultOptions()
    assert [name for name in options.__struct_fields__ if getattr(options, name) not in off] == sorted(
        choices, key=options.__struct_fields__.index
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"late_finals_s": -1}, "late_finals_s=-1: Expected `float` >= 0"),
        ({"late_finals_s": "2"}, "late_finals_s=2: Expected `float`, got `str`"),
        ({"greeting_delay_s": float("nan")}, "greeting_delay_s=nan"),
        ({"accept_delay_s": float("inf")}, "accept_delay_s=inf"),
        ({"close_after_s": 86401}, "close_after_s=86401"),
        ({"connections": 0}, "connections=0: Expected `int` >= 1"),
        ({"connections": True}, "connections=True"),
        ({"drop_metadata": 1}, "drop_metadata=1"),
        ({"odd_every": 0}, "odd_every=0"),
        ({"odd_every": 1, "odd_kind": "funny"}, "one of unknown_type, wrong_form, invalid_json, unknown_field, mixed"),
        ({"refuse_status": 200}, "refuse_status=200"),
        ({"refuse_status": 600}, "refuse_status=600"),
        ({"refuse_status": 429, "retry_after_s": -1}, "retry_after_s=-1"),
        ({"retry_after_s": 1}, "retry_after_s needs refuse_status"),
        ({"refuse_count": 1}, "refuse_count needs refuse_status"),
        ({"odd_kind": "mixed"}, "odd_kind needs odd_every"),
        ({"error_closes": True}, "error_closes needs error_after_messages"),
        ({"idle_ignores_keep_alive": True}, "idle_ignores_keep_alive needs idle_kill_s"),
        ({"close_code": 1012}, "close_code needs close_after_s or close_after_messages or"),
        ({"close_reason": "why"}, "close_reason needs close_after_s or"),
        *(({"close_code": code, "close_after_s": 1}, f"close_code={code}: must be 1000 to 1003") for code in (0, 999)),
        *(({"close_code": code, "close_after_s": 1}, f"close_code={code}: must") for code in (1004, 1015, 2999, 5000)),
        ({"close_code": 1005, "close_after_s": 1}, "close_code=1005: .* without a status; use a fault proxy"),
        ({"close_code": 1006, "close_reason": "why", "close_after_s": 1}, "gives no reason"),
        ({"close_reason": "é" * 62, "close_after_s": 1}, "124 bytes are more than the 123"),
        ({"close_reason": "\ud800", "close_after_s": 1}, "not Unicode"),
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        FaultOptions(**values)


@pytest.mark.parametrize("code", [1000, 1003, 1006, 1007, 1012, 1014, 3000, 4999])
def test_codes_that_can_be_sent(code: int) -> None:
    assert FaultOptions(close_code=code, close_after_messages=0).close_code == code


def test_a_code_may_belong_to_an_error() -> None:
    assert FaultOptions(error_after_messages=1, error_closes=True, close_code=1008).close_code == 1008


def test_options_of_texts_have_the_types_of_the_options() -> None:
    texts = ["late_finals_s=2", "drop_metadata=true", "close_code=1011", "close_after_s=0.5", "close_reason=a=b c"]
    assert FaultOptions.from_texts([*texts, "late_finals_s=3"]) == FaultOptions(
        late_finals_s=3.0, drop_metadata=True, close_code=1011, close_after_s=0.5, close_reason="a=b c"
    )
    assert FaultOptions.from_texts([]) == FaultOptions()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("late_final=1", r"unknown fault 'late_final' \(did you mean late_finals_s\?\); valid are connections, seed, "),
        ("=1", "unknown fault ''; valid are"),
        ("drop_metadata", "drop_metadata needs a value: drop_metadata=VALUE"),
        ("drop_metadata=perhaps", "drop_metadata=perhaps: Expected `bool`"),
        ("close_after_messages=1.5", "close_after_messages=1.5: Expected `int"),
        ("refuse_what=some", "one of all, sockets, requests"),
    ],
)
def test_a_text_that_is_no_option_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        FaultOptions.from_texts([text])


def test_every_option_is_explained() -> None:
    explanations = FaultOptions.explanations()
    assert list(explanations) == list(FaultOptions.__struct_fields__)
    assert explanations["error_code"] == "its code."
    assert explanations["close_code"].endswith("Default 1011.")
    assert not any("  " in text or "\n" in text for text in explanations.values())


@pytest.mark.anyio
async def test_only_options_are_taken() -> None:
    faults: Any = {"close_after_s": 1}
    with pytest.raises(ConfigError, match="faults must be FaultOptions, not dict"):
        async with serve(faults=faults):
            pass
    with pytest.raises(ConfigError, match="faults must be FaultOptions"):
        async with DeepgramClient.local(faults=faults):
            pass
