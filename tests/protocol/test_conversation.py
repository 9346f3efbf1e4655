"""What is remembered of a conversation, and what another connection is told of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.protocol import agent, conversation
from deepgram_anyio.protocol.conversation import Conversation
from deepgram_anyio.protocol.messages import Message

from . import steady

AGENT: dict[str, Any] = {"think": {"prompt": "p"}, "greeting": "Hi."}


def user(content: str) -> agent.ConversationText:
    return agent.ConversationText(role="user", content=content)


def assistant(content: str) -> agent.ConversationText:
    return agent.ConversationText(role="assistant", content=content)


def calling(*ids: str, client_side: bool = True) -> agent.FunctionCallRequest:
    return agent.FunctionCallRequest(
        functions=[
            agent.FunctionCall(id=each, name=f"f{each}", arguments="{}", client_side=client_side) for each in ids
        ]
    )


def result(call_id: str | None, *, name: str = "", content: str = "done") -> agent.FunctionCallResponse:
    return agent.FunctionCallResponse(id=call_id, name=name or f"f{call_id}", content=content)


def after(*happened: Message) -> Conversation:
    """A conversation in which the server said all this, and the client what only a client says."""
    found = Conversation()
    for message in happened:
        if isinstance(message, (agent.ConversationText, agent.FunctionCallRequest, agent.History)):
            assert found.heard(message)
        else:
            found.said(message)
    return found


def context(found: Conversation, settings: dict[str, Any] | None = None) -> list[Any]:
    """The context as short as it can be said: words as they are, calls by their answers."""
    described = found.settings(settings or {"agent": AGENT})["agent"]
    return [
        item.get("content") or [call["response"] for call in item["function_calls"]]
        for item in (described.get("context") or {}).get("messages", [])
    ]


def reminders(found: Conversation) -> list[Any]:
    return [message.to_dict() for message in found.reminders()]


def asked(found: Conversation) -> list[str]:
    return [message.content for message in found.reminders() if isinstance(message, agent.InjectUserMessage)]


# The context


def test_a_conversation_that_has_not_begun_changes_no_settings() -> None:
    fields = {"agent": AGENT, "audio": {}}
    assert Conversation().settings(fields) == fields
    assert Conversation().broke() is None
    assert reminders(Conversation()) == []


def test_what_was_said_becomes_the_context_in_order_and_nobody_is_greeted_again() -> None:
    fields = {"audio": {"input": 1}, "agent": AGENT, "flags": {}}
    found = after(assistant("Hi."), user("Hello."), assistant("How are you?"))
    assert found.settings(fields) == {
        "audio": {"input": 1},
        "flags": {},
        "agent": {
            "think": {"prompt": "p"},
            "context": {
                "messages": [
                    {"type": "History", "role": "assistant", "content": "Hi."},
                    {"type": "History", "role": "user", "content": "Hello."},
                    {"type": "History", "role": "assistant", "content": "How are you?"},
                ]
            },
        },
    }
    assert fields["agent"] is AGENT
    assert AGENT["greeting"] == "Hi."


@pytest.mark.parametrize("before", [None, {}, {"messages": None}, {"new": 1, "messages": [{"content": "earlier"}]}])
def test_it_comes_behind_the_context_that_there_was(before: Any) -> None:
    fields = {"agent": {**AGENT, "context": before}}
    assert context(after(assistant("Hi.")), fields) == [*(["earlier"] if before and "new" in before else []), "Hi."]
    assert after(assistant("Hi.")).settings(fields)["agent"]["context"].get("new") == (before or {}).get("new")
    assert fields["agent"]["context"] is before


@pytest.mark.parametrize("fields", [{}, {"agent": "4a1d3c2e-0000-4000-8000-000000000001"}, {"agent": None}])
def test_settings_that_describe_no_agent_stay_as_they_are(fields: dict[str, Any]) -> None:
    assert after(assistant("Hi.")).settings(fields) == fields


def test_a_function_that_was_answered_is_part_of_the_context() -> None:
    found = after(user("Weather?"), calling("1"), result("1", content="rain"), assistant("It rains."))
    (_, item, _) = found.settings({"agent": {}})["agent"]["context"]["messages"]
    called = {"id": "1", "name": "f1", "client_side": True, "arguments": "{}", "response": "rain"}
    assert item == {"type": "History", "function_calls": [called]}


def test_the_server_may_answer_its_own_functions() -> None:
    found = after(calling("1", "2", client_side=False))
    assert found.heard(result("1", content="one"))
    assert found.heard(result(None, name="f2", content="two"))
    assert found.heard(result("3", content="of nothing"))
    assert context(after()) == []
    assert context(found) == [["one"], ["two"]]


def test_the_oldest_is_forgotten_by_number_and_by_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "_MAX_CHARS", 10)
    found = after(assistant("a" * 6), user("b" * 4))
    assert context(found) == ["aaaaaa", "bbbb"]
    found.heard(calling("1"))
    found.said(result("1", content="c" * 3))
    assert context(found) == ["bbbb", ["ccc"]]
    found.heard(assistant("d" * 50))
    assert context(found) == ["d" * 50]  # one item is kept, however long


def test_a_server_that_never_stops_does_not_fill_the_memory() -> None:
    found = Conversation()
    for number in range(1100):
        found.heard(assistant(str(number)))
        found.heard(calling(str(number)))
        found.said(agent.UpdatePrompt(prompt=str(number)))
        found.said(agent.InjectUserMessage(content=str(number)))
    assert context(found)[0] == "100"
    assert len(reminders(found)) == 2000
    cancelled = found.broke()
    assert cancelled is not None
    assert [call.id for call in cancelled.functions] == [str(number) for number in range(100, 1100)]


# What is asked again


def test_words_that_were_not_answered_are_asked_again_and_not_part_of_the_context() -> None:
    found = after(assistant("Hi."), user("Weather?"))
    assert found.broke() is None
    assert context(found) == ["Hi."]
    assert reminders(found) == [{"type": "InjectUserMessage", "content": "Weather?"}]


def test_words_that_were_answered_are_not_asked_again() -> None:
    found = after(user("Weather?"), assistant("It"))
    found.broke()
    assert (context(found), asked(found)) == (["Weather?", "It"], [])


def test_the_echo_of_what_is_asked_again_is_new_to_nobody() -> None:
    found = after(user("Yes."))
    found.broke()
    assert not found.heard(user("Yes."))
    assert (context(found), asked(found)) == (["Yes."], [])
    assert found.heard(user("Yes."))  # said once more, by the user


def test_the_history_of_what_is_asked_again_is_new_only_to_who_had_not_got_it() -> None:
    told = agent.History(role="user", content="Yes.")
    found = after(user("Yes."), told)
    found.broke()
    assert [found.heard(each) for each in (user("Yes."), told, told)] == [False, False, True]
    found = after(agent.History(role="user", content="Yes."), assistant("Yes?"), user("No."))
    found.broke()
    assert [found.heard(each) for each in (user("No."), agent.History(role="user", content="No."))] == [False, True]
    assert found.heard(agent.History(function_calls=[]))


def test_a_second_break_before_the_echo_loses_nothing_and_repeats_nothing() -> None:
    found = after(assistant("Hi."), user("One."), user("Two."))
    found.broke()
    assert (context(found), asked(found)) == (["Hi.", "One."], ["Two."])
    found.broke()
    assert (context(found), asked(found)) == (["Hi.", "One."], ["Two."])
    assert not found.heard(user("Two."))
    assert context(found) == ["Hi.", "One.", "Two."]


def test_a_break_after_the_echo_asks_again_once_more() -> None:
    found = after(user("One."))
    found.broke()
    found.heard(user("One."))
    found.broke()
    assert asked(found) == ["One."]
    assert not found.heard(user("One."))
    assert found.heard(assistant("Yes."))
    found.broke()
    assert (context(found), asked(found)) == (["One.", "Yes."], [])


def test_injected_words_are_asked_again_until_they_are_confirmed() -> None:
    found = after(agent.InjectUserMessage(content="One."), agent.InjectUserMessage(content="Two."))
    found.broke()
    assert asked(found) == ["One.", "Two."]
    assert found.heard(user("One."))  # the first echo of it that anybody gets
    assert asked(found) == ["Two."]
    found.broke()
    assert asked(found) == ["One.", "Two."]
    assert [found.heard(user(each)) for each in ("One.", "Two.")] == [False, True]
    assert asked(found) == []


def test_a_refused_injection_is_not_asked_again() -> None:
    found = after(user("Yes."))
    assert found.heard(agent.InjectionRefused(message="of the agent's words"))
    found.broke()
    assert found.heard(agent.InjectionRefused(message="the agent speaks"))
    assert asked(found) == []
    assert found.heard(user("Yes."))  # so this was said anew


# Function calls


def test_calls_under_way_are_cancelled_and_asked_for_again_with_the_words_that_led_to_them() -> None:
    found = after(user("Weather?"), calling("1", "2"), calling("3", client_side=False), result("2"))
    cancelled = found.broke()
    assert cancelled == agent.FunctionCallCancelled(functions=[agent.CancelledFunction(id="1", name="f1")])
    assert (context(found), asked(found)) == ([], ["Weather?"])
    assert found.broke() is None


def test_calls_of_the_server_alone_are_nothing_to_cancel() -> None:
    assert after(calling("1", client_side=False)).broke() is None


def test_what_the_agent_said_while_it_looked_something_up_is_no_answer() -> None:
    for happened in ([calling("1")], [calling("1"), result("1")], [calling("1"), result("1"), calling("2")]):
        found = after(assistant("Hi."), user("Weather?"), assistant("Let me see."), *happened)
        found.broke()
        assert (context(found), asked(found)) == (["Hi."], ["Weather?"])
        assert not found.heard(user("Weather?"))


def test_a_call_without_a_question_stays_in_the_context() -> None:
    found = after(assistant("Let me see."), calling("1", "2"), result("1", content="rain"))
    found.broke()
    assert (context(found), asked(found)) == (["Let me see.", ["rain"]], [])


def test_a_call_that_the_user_talked_over_does_not_take_back_a_later_answer() -> None:
    found = after(user("Weather?"), calling("1"), user("Never mind."), assistant("Fine."))
    found.broke()
    assert (context(found), asked(found)) == (["Weather?", "Never mind.", "Fine."], [])


def test_a_cancelled_call_is_over() -> None:
    found = after(user("Weather?"), assistant("Well,"), calling("1"))
    found.heard(agent.FunctionCallCancelled(functions=[agent.CancelledFunction(id=each, name="f") for each in "12"]))
    assert found.broke() is None
    assert (context(found), asked(found)) == (["Weather?", "Well,"], [])


def test_an_answer_is_asked_for_by_id_or_else_by_name() -> None:
    found = after(calling("1", "2"))
    assert [found.asked_for(result(each)) for each in "123"] == [True, True, False]
    assert [found.asked_for(result(None, name=name)) for name in ("f1", "f3")] == [True, False]
    found.said(result(None, name="f1"))
    assert not found.asked_for(result("1"))
    found.broke()
    assert not found.asked_for(result("2"))
    assert not found.asked_for(result(None, name="f2"))


# Updates


def test_updates_are_said_again_in_their_order_and_only_the_last_of_each_kind() -> None:
    deepgram = {"provider": {"type": "deepgram"}}
    found = after(
        agent.UpdateThink(think={"prompt": "old"}),
        agent.UpdateListen(listen=deepgram),
        agent.UpdatePrompt(prompt="one"),
        agent.UpdateThink(think={"prompt": "new"}),
        agent.UpdateThinkLive(think_live=deepgram),
        agent.UpdateSpeak(speak=[deepgram]),
        agent.UpdatePrompt(prompt="two"),
        agent.KeepAlive(),
        agent.ForceEndTurn(),
        agent.InjectUserMessage(content="Hello?"),
        agent.UpdatePrompt(prompt="three"),
    )
    expected = [
        {"type": "UpdateListen", "listen": deepgram},
        {"type": "UpdatePrompt", "prompt": "one"},
        {"type": "UpdateThink", "think": {"prompt": "new"}},
        {"type": "UpdateThink_Live", "think_live": deepgram},
        {"type": "UpdateSpeak", "speak": [deepgram]},
        {"type": "UpdatePrompt", "prompt": "two"},
        {"type": "UpdatePrompt", "prompt": "three"},
        {"type": "InjectUserMessage", "content": "Hello?"},
    ]
    assert reminders(found) == expected
    found.broke()
    assert reminders(found) == expected


@given(happened=st.lists(st.sampled_from(["user", "assistant", "inject", "call", "result", "break", "echo"])))
@steady(300)
def test_what_the_user_said_is_in_the_context_or_asked_again_exactly_once(happened: list[str]) -> None:
    found, told, said = Conversation(), [], []
    open_calls: list[str] = []
    for number, step in enumerate(happened):
        if step in ("user", "inject"):
            said.append(str(number))
            if step == "inject":
                found.said(agent.InjectUserMessage(content=str(number)))
            elif found.heard(user(str(number))):
                told.append(str(number))
        elif step == "assistant":
            found.heard(assistant("A"))
        elif step == "call":
            found.heard(calling(str(number)))
            open_calls.append(str(number))
        elif step == "result" and open_calls:
            found.said(result(open_calls.pop()))
        elif step == "break":
            found.broke()
            open_calls.clear()
        elif step == "echo" and asked(found) and found.heard(user(echoed := asked(found)[0])):
            told.append(echoed)
        words = [each for each in context(found) if isinstance(each, str) and each != "A"]
        assert sorted([*words, *asked(found)]) == sorted(said)
        assert len(told) == len(set(told))
