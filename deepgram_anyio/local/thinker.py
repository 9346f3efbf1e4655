"""What the embedded agent answers: the `Thinker` protocol, and one that works by rules.

`RuleThinker` understands these, in this order, and nothing else:

1. The result of a function is told: a text as it is, an object field by field.
2. The answer to its own question for a missing argument completes the function call that it asked for.
3. A function is called when the user's words contain a telling word of its name, or two of its description. Its
   arguments are taken from the words: see `arguments_from`. For a missing one that is required it asks, once.
4. "My name is Ann", "My favourite color is green", "Remember that ..." are remembered, from this conversation and from
   the one that ``agent.context.messages`` tells of; "What is my name?", "What do you know about me?" ask for them.
5. Greetings, thanks, farewells, "How are you?", "Who are you?", "What can you do?", "Repeat that", and sums of two
   numbers such as "What is 2 + 2?".
6. Anything else is repeated, with what it can do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec

from ..protocol.agent import Function, History
from .function_rules import arguments_from, best_function, missing_arguments, number, spoken_name

__all__ = ["Conversation", "PlannedCall", "Reply", "RuleThinker", "Thinker"]


class Conversation(msgspec.Struct, kw_only=True):
    """What an answer is made of.

    Attributes:
        prompt: the agent's instructions; None when it has none.
        functions: what may be called.
        history: words and function calls, oldest first. The last one is to be answered: words of the user, or the
            results of functions.
    """

    prompt: str | None = None
    functions: Sequence[Function] = ()
    history: Sequence[History] = ()


class PlannedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A function to call, and with what.

    Attributes:
        name: the function's.
        arguments: by name.
    """

    name: str
    arguments: dict[str, Any]


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: something to say, or functions to call first.

    Attributes:
        text: what to say; empty for nothing.
        calls: functions to call; their results are then in the history of another question.
        thought: why, for `AgentThinking`; None for nothing to tell.
    """

    text: str = ""
    calls: Sequence[PlannedCall] = ()
    thought: str | None = None


@runtime_checkable
class Thinker(Protocol):
    """Finds answers. Blocking and thread-safe: the server calls it in worker threads, for all conversations."""

    def reply(self, conversation: Conversation) -> Reply:
        """Answer the last item of a conversation.

        Args:
            conversation: what was said so far, and the functions that there are.

        Returns:
            what to say, or what to call.
        """
        ...


_GREETING = re.compile(r"^(hello|hi|hey|good (morning|afternoon|evening))\b")
_NAMED = re.compile(r"\b(?:my name is|my name's|i am called|call me) ([\w'-]+)")
_FACT = re.compile(r"\bmy ([\w' -]+?) (?:is|are) (.+)")
_REMEMBER = re.compile(r"\bremember(?: that)? (.+)")
_ASKED_FACT = re.compile(r"\b(?:what|who)(?:'s| is| are|s) my ([\w' -]+)")
_SUM = re.compile(r"(?<![\w.-])([\w.]+(?:-\w+)?) (\+|plus|-|minus|\*|times|x) ([\w.]+(?:-\w+)?)")
_OPERATORS = {"plus": "+", "minus": "-", "times": "*", "x": "*"}
_QUESTION = "For {function}, please tell me the {argument}."


class RuleThinker:
    """The packaged `Thinker`: no language model, but a conversation all the same; see the module."""

    def reply(self, conversation: Conversation) -> Reply:
        """Answer the last item of a conversation.

        Args:
            conversation: what was said so far, and the functions that there are.

        Returns:
            what to say, or what to call.
        """
        history = conversation.history
        last = history[-1] if history else History(role="user", content="")
        if last.function_calls:
            results = [_told(call.name, call.response) for call in last.function_calls]
            return Reply(text=" ".join(results), thought="The results are there.")
        said = (last.content or "").strip()
        return (
            self._completed(conversation, said)
            or self._called(conversation, said)
            or Reply(text=self._talk(conversation, said))
        )

    def _called(self, conversation: Conversation, said: str) -> Reply | None:
        function = best_function(conversation.functions, said)
        return None if function is None else _call_or_ask(function, said, arguments_from(function, said))

    def _completed(self, conversation: Conversation, said: str) -> Reply | None:
        """The user answers our question: the words are the argument that was missing."""
        before = [item for item in conversation.history[:-1] if item.content]
        if len(before) < 2 or before[-1].role != "assistant":
            return None
        for function in conversation.functions:
            for argument in missing_arguments(function, {}):
                if before[-1].content == _question(function, argument):
                    earlier = arguments_from(function, before[-2].content or "")
                    reply = _call_or_ask(function, said, {**arguments_from(function, f"for {said}"), **earlier})
                    return reply if reply.text != before[-1].content else None
        return None

    def _talk(self, conversation: Conversation, said: str) -> str:
        words = said.lower().strip(" .!?")
        facts = _facts(conversation.history)
        asked = _ASKED_FACT.search(words)
        if asked is not None or "know about me" in words:
            return _recalled(facts, asked[1] if asked else None)
        if _NAMED.search(words) or _FACT.search(words):
            return f"Nice to meet you, {facts['name']}." if _NAMED.search(words) else "I will remember that."
        if _REMEMBER.search(words):
            return "I will remember that."
        return _small_talk(conversation, words, facts) or _calculated(words) or self._at_a_loss(conversation, said)

    def _at_a_loss(self, conversation: Conversation, said: str) -> str:
        heard = f"You said: {said.rstrip('.!?')}." if said else "I heard nothing."
        return f"{heard} {_abilities(conversation)}"


def _call_or_ask(function: Function, said: str, arguments: dict[str, Any]) -> Reply:
    missing = missing_arguments(function, arguments)
    if missing:
        return Reply(text=_question(function, missing[0]))
    assert function.name is not None
    call = PlannedCall(name=function.name, arguments=arguments)
    return Reply(calls=[call], thought=f"{said!r} asks for {function.name}.")


def _question(function: Function, argument: str) -> str:
    return _QUESTION.format(function=spoken_name(function.name or ""), argument=spoken_name(argument))


def _small_talk(conversation: Conversation, words: str, facts: dict[str, str]) -> str | None:
    if _GREETING.search(words):
        name = f" {facts['name']}" if "name" in facts else ""
        return f"Hello{name}! How can I help you?"
    if "how are you" in words:
        return "I am well, thank you."
    if "thank" in words:
        return "You are welcome."
    if re.search(r"\b(bye|goodbye|see you)\b", words):
        return "Goodbye!"
    if "who are you" in words or "what are you" in words or "your name" in words:
        return "I am the voice agent of the local server."
    if "what can you do" in words or words == "help":
        return _abilities(conversation)
    if re.search(r"\b(repeat|say that again|what did you say)\b", words):
        earlier = [item.content for item in conversation.history if item.role == "assistant" and item.content]
        return earlier[-1] if earlier else "I have said nothing yet."
    return None


def _abilities(conversation: Conversation) -> str:
    names = [spoken_name(function.name) for function in conversation.functions if function.name]
    if not names:
        return "I answer by simple rules."
    return f"I answer by simple rules, and I can help with {' or '.join(names)}."


def _calculated(words: str) -> str | None:
    found = _SUM.search(words)
    left, right = (number(found[1]), number(found[3])) if found else (None, None)
    if found is None or left is None or right is None:
        return None
    sign = _OPERATORS.get(found[2], found[2])
    result = left + right if sign == "+" else left - right if sign == "-" else left * right
    return _sentence(f"{found[0].strip()} is {result:g}")


def _facts(history: Sequence[History]) -> dict[str, str]:
    """What the user has told of themselves, the latest last."""
    facts: dict[str, str] = {}
    for item in history:
        words = (item.content or "").strip(" .!?") if item.role == "user" else ""
        lower = words.lower()
        if _ASKED_FACT.search(lower):
            continue
        if named := _NAMED.search(lower):
            facts["name"] = words[named.start(1) : named.end(1)].capitalize()
        elif told := _FACT.search(lower):
            facts[told[1].strip()] = words[told.start(2) : told.end(2)]
        elif kept := _REMEMBER.search(lower):
            facts[f"note {len(facts) + 1}"] = words[kept.start(1) : kept.end(1)]
    return facts


def _recalled(facts: dict[str, str], asked: str | None) -> str:
    if asked is not None:
        return f"Your {asked} is {facts[asked]}." if asked in facts else f"You have not told me your {asked}."
    if not facts:
        return "You have told me nothing about yourself."
    return " ".join(
        f"You asked me to remember: {fact}." if name.startswith("note ") else f"Your {name} is {fact}."
        for name, fact in facts.items()
    )


def _told(name: str, response: str) -> str:
    """A function's result in words."""
    try:
        result = msgspec.json.decode(response)
    except (msgspec.DecodeError, RecursionError):
        result = response
    if isinstance(result, dict) and set(result) == {"error"}:
        return f"I could not get the {spoken_name(name)}: {result['error']}."
    return _sentence(_in_words(result, spoken_name(name)))


def _in_words(result: Any, subject: str) -> str:
    if isinstance(result, dict):
        parts = [(spoken_name(str(key)), value) for key, value in result.items()]
        return ", ".join(
            f"{name}: {_in_words(value, name)}" if isinstance(value, dict) else f"the {name} is {_in_words(value, '')}"
            for name, value in parts
        )
    if isinstance(result, list):
        return ", ".join(_in_words(value, "") for value in result) or "nothing"
    if result is True or result is False:
        return "yes" if result else "no"
    if result is None:
        return f"the {subject} is done" if subject else "nothing"
    return f"the {subject} is {result}" if subject and isinstance(result, (int, float)) else str(result)


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
