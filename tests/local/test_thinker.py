"""The agent that answers by rules."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.local.function_rules import arguments_from, best_function, number, spoken_name
from deepgram_anyio.local.thinker import Conversation, PlannedCall, Reply, RuleThinker, Thinker
from deepgram_anyio.protocol.agent import CalledFunction, Function, History
from deepgram_anyio.protocol.functions import function_schema

from ..protocol import steady


def get_weather(location: str) -> None:
    """Get current weather information for a location."""


def book_table(people: int, day: Literal["Friday", "Saturday"], outside: bool = False, name: str = "") -> None:
    """Reserve seats at our restaurant."""


def set_volume(level: float) -> None: ...


FUNCTIONS = [Function(**function_schema(function)) for function in (get_weather, book_table, set_volume)]
WEATHER, TABLE, VOLUME = FUNCTIONS


def talk(*lines: str, functions: Any = ()) -> list[str]:
    """Say lines to the agent, and return its answers."""
    history: list[History] = []
    answers = []
    for line in lines:
        history.append(History(role="user", content=line))
        reply = RuleThinker().reply(Conversation(functions=functions, history=history))
        assert not reply.calls
        history.append(History(role="assistant", content=reply.text))
        answers.append(reply.text)
    return answers


def asked(*lines: str) -> Reply:
    roles = ["user", "assistant"]
    history = [History(role=roles[index % 2], content=line) for index, line in enumerate(lines)]
    return RuleThinker().reply(Conversation(functions=FUNCTIONS, history=history))


def told(response: str, name: str = "get_weather") -> str:
    called = CalledFunction(id="1", name=name, client_side=True, arguments="{}", response=response)
    return RuleThinker().reply(Conversation(history=[History(function_calls=[called])])).text


def test_it_is_a_thinker() -> None:
    assert isinstance(RuleThinker(), Thinker)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Hello there.", "Hello! How can I help you?"),
        ("How are you?", "I am well, thank you."),
        ("Thank you very much.", "You are welcome."),
        ("Goodbye!", "Goodbye!"),
        ("Who are you?", "I am the voice agent of the local server."),
        ("What can you do?", "I answer by simple rules."),
        ("What is 2 + 2?", "2 + 2 is 4."),
        ("what is twenty-one times two", "Twenty-one times two is 42."),
        ("What is ten minus 2.5?", "Ten minus 2.5 is 7.5."),
        ("Please repeat that.", "I have said nothing yet."),
        ("The moon is far away.", "You said: The moon is far away. I answer by simple rules."),
        ("", "I heard nothing. I answer by simple rules."),
        ("What is my name?", "You have not told me your name."),
        ("What do you know about me?", "You have told me nothing about yourself."),
    ],
)
def test_small_talk(said: str, answer: str) -> None:
    assert talk(said) == [answer]


def test_it_remembers_what_it_was_told() -> None:
    assert talk(
        "My name is Ann.",
        "My favorite color is dark green.",
        "Remember that the train leaves at nine.",
        "What's my name?",
        "What is my favorite color?",
        "Hello!",
        "What do you know about me?",
        "Say that again.",
    ) == [
        "Nice to meet you, Ann.",
        "I will remember that.",
        "I will remember that.",
        "Your name is Ann.",
        "Your favorite color is dark green.",
        "Hello Ann! How can I help you?",
        "Your name is Ann. Your favorite color is dark green. You asked me to remember: the train leaves at nine.",
        "Your name is Ann. Your favorite color is dark green. You asked me to remember: the train leaves at nine.",
    ]


def test_a_conversation_with_nothing_in_it() -> None:
    assert RuleThinker().reply(Conversation()).text == "I heard nothing. I answer by simple rules."


@pytest.mark.parametrize(
    ("said", "call"),
    [
        ("What's the weather like in New York?", ("get_weather", {"location": "New York"})),
        ("tell me the weather of london today please", ("get_weather", {"location": "london"})),
        (
            "Book a table for four people on Friday outside.",
            ("book_table", {"people": 4, "day": "Friday", "outside": True}),
        ),
        ("Set the volume to seventy five", ("set_volume", {"level": 75.0})),
        ("volume 2.5", ("set_volume", {"level": 2.5})),
        ("reserve 2 seats for saturday", ("book_table", {"people": 2, "day": "Saturday"})),
    ],
)
def test_functions_are_called(said: str, call: tuple[str, dict[str, Any]]) -> None:
    reply = asked(said)
    assert list(reply.calls) == [PlannedCall(name=call[0], arguments=call[1])]
    assert reply.thought is not None
    assert call[0] in reply.thought


def test_a_missing_argument_is_asked_for_once() -> None:
    question = "For weather, please tell me the location."
    assert asked("How is the weather?").text == question
    assert asked("Tell me about the weather.").text == question
    assert asked("How is the weather?", question, "Rome").calls[0].arguments == {"location": "Rome"}
    assert asked("How is the weather?", question, "").text != question
    question = "For book table, please tell me the day."
    assert asked("Book a table for 3.").text == question
    assert asked("Book a table for 3.", question, "Friday").calls[0].arguments == {
        "people": 3,
        "day": "Friday",
    }
    assert asked("Book a table for 3.", question, "Thank you.").text == "You are welcome."


def test_what_it_can_do_names_the_functions() -> None:
    answer = "I answer by simple rules, and I can help with weather or book table or volume."
    assert asked("What can you do?").text == answer
    assert asked("Mumble.").text == f"You said: Mumble. {answer}"


@pytest.mark.parametrize(
    ("response", "text"),
    [
        ("It rains.", "It rains."),
        ('"It rains"', "It rains."),
        ('{"sky":"clear","high_temperature":21}', "The sky is clear, the high temperature is 21."),
        ('{"today":{"sky":"clear"}}', "Today: the sky is clear."),
        ("21", "The weather is 21."),
        ("[1,2]", "1, 2."),
        ("[]", "Nothing."),
        ("true", "Yes."),
        ("false", "No."),
        ("null", "The weather is done."),
        ('{"x":null}', "The x is nothing."),
        ('{"error":"ValueError: no such place"}', "I could not get the weather: ValueError: no such place."),
    ],
)
def test_results_are_told(response: str, text: str) -> None:
    assert told(response) == text


def test_names_as_one_says_them() -> None:
    names = {"get_weather": "weather", "bookTable": "book table", "get": "get", "check_in": "in", "": ""}
    assert {name: spoken_name(name) for name in names} == names


@pytest.mark.parametrize(
    ("word", "value"), [("7", 7), ("2.5", 2.5), ("zero", 0), ("ninety-nine", 99), ("ten-one", None)]
)
def test_numbers(word: str, value: float | None) -> None:
    assert number(word) == value


def test_a_parameter_that_is_named() -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}, "note": {"type": ["string", "null"]}}}
    function = Function(name="create_memo", parameters=schema)
    assert arguments_from(function, "a memo, title shopping list") == {"title": "shopping list"}
    odd = Function(
        name="x",
        parameters={"properties": {"a": True, "b": {"type": "array"}, "c": {"anyOf": [{}]}}, "required": ["c"]},
    )
    assert arguments_from(odd, "in Rome") == {"c": "Rome"}
    assert arguments_from(Function(name="x"), "in Rome") == {}


def test_no_function_is_no_function() -> None:
    assert best_function([], "weather") is None
    assert best_function([Function(description="weather in places")], "weather in places") is None
    assert best_function(FUNCTIONS, "information for you") is None
    assert best_function(FUNCTIONS, "seats at a restaurant") is TABLE


@steady(100)
@given(st.lists(st.text(max_size=30), max_size=4), st.text(max_size=30))
def test_it_always_has_an_answer(lines: list[str], result: str) -> None:
    reply = asked(*lines)
    assert reply.calls or reply.text
    assert told(result, name="f") is not None
