"""What a conversation with an agent has come to, so that another connection can go on with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from . import agent
from .agent_settings import CalledFunction, History
from .messages import Message

__all__ = ["Conversation"]

# More than any model is shown; a server that never stops must not fill the memory.
_MAX_ITEMS = 1000
_MAX_CHARS = 1_000_000
_SETTINGS = (agent.UpdateListen, agent.UpdateThink, agent.UpdateThinkLive, agent.UpdateSpeak)


class Conversation:
    """Follows the messages of a client, and of its server.

    What the user said last, and the agent has not answered, is not part of the context that a new connection gets: it
    is put to the agent again.
    """

    def __init__(self) -> None:
        self._items: deque[History] = deque(maxlen=_MAX_ITEMS)
        self._prompts: deque[Message] = deque(maxlen=_MAX_ITEMS)
        self._updates: dict[type[Message], Message] = {}
        self._called: dict[str, agent.FunctionCall] = {}  # and not answered
        self._injected: deque[str] = deque(maxlen=_MAX_ITEMS)  # and not confirmed
        self._echoes: list[str] = []  # said before, and about to be confirmed for the second time

    # What happens.

    def said(self, message: Message) -> None:
        """The client said something."""
        if isinstance(message, agent.UpdatePrompt):
            self._prompts.append(message)
        elif isinstance(message, _SETTINGS):
            self._updates[type(message)] = message
        elif isinstance(message, agent.InjectUserMessage):
            self._injected.append(message.content)
        elif isinstance(message, agent.FunctionCallResponse):
            self._answered(message)

    def heard(self, event: Any) -> bool:
        """The server said something.

        Returns:
            Whether it is new to the caller.
        """
        if isinstance(event, agent.ConversationText):
            self._items.append(History(role=event.role, content=event.content))
            self._forget_the_oldest()
            if event.role == "user":
                if event.content in self._injected:
                    self._injected.remove(event.content)
                if event.content in self._echoes:
                    self._echoes.remove(event.content)
                    return False
        elif isinstance(event, agent.FunctionCallRequest):
            self._called.update((call.id, call) for call in event.functions[:_MAX_ITEMS])
            while len(self._called) > _MAX_ITEMS:
                del self._called[next(iter(self._called))]
        elif isinstance(event, agent.FunctionCallResponse):
            self._answered(event)
        elif isinstance(event, agent.FunctionCallCancelled):
            for cancelled in event.functions:
                self._called.pop(cancelled.id, None)
        elif isinstance(event, agent.InjectionRefused) and self._injected:
            self._injected.popleft()
        return True

    def _answered(self, response: agent.FunctionCallResponse) -> None:
        call = self._called.pop(response.id or "", None)
        if call is not None:
            answered = CalledFunction(
                id=call.id,
                name=call.name,
                client_side=call.client_side,
                arguments=call.arguments,
                response=response.content,
                thought_signature=call.thought_signature,
            )
            self._items.append(History(function_calls=[answered]))
            self._forget_the_oldest()

    def _forget_the_oldest(self) -> None:
        while len(self._items) > 1 and sum(map(_chars, self._items)) > _MAX_CHARS:
            self._items.popleft()

    def asked_for(self, response: agent.FunctionCallResponse) -> bool:
        """Tell whether an answer is to a call that waits for one, as far as can be told."""
        return response.id is None or response.id in self._called

    # The connection broke.

    def broke(self) -> agent.FunctionCallCancelled | None:
        """Go over to a new connection.

        Returns:
            The client's function calls that nobody waits for any more; None when there are none.
        """
        cancelled = [
            agent.CancelledFunction(id=call.id, name=call.name) for call in self._called.values() if call.client_side
        ]
        self._called.clear()
        # From the last words of the user on, it was not answered: neither words of the agent stand there, nor can the
        # results of functions, since the agent will call them again.
        while self._items and self._items[-1].role is None:
            self._items.pop()
        if self._items and self._items[-1].role == "user":
            unanswered = self._items.pop().content or ""
            self._echoes = [unanswered]
            self._injected.appendleft(unanswered)
        return agent.FunctionCallCancelled(functions=cancelled) if cancelled else None

    def settings(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of `Settings` with the conversation as context, and without a greeting when it has begun.

        Args:
            fields: of the first connection's; they stay as they are.
        """
        described = fields.get("agent")
        if not isinstance(described, dict) or not self._items:
            return dict(fields)
        context = described.get("context") or {}
        messages = [*(context.get("messages") or ()), *(item.to_dict() for item in self._items)]
        described = {name: value for name, value in described.items() if name != "greeting"}
        return {**fields, "agent": {**described, "context": {**context, "messages": messages}}}

    def reminders(self) -> list[Message]:
        """Return what the client has to say again once the settings are applied."""
        asked = [agent.InjectUserMessage(content=content) for content in self._injected]
        return [*self._prompts, *self._updates.values(), *asked]


def _chars(item: History) -> int:
    calls = item.function_calls or ()
    return len(item.content or "") + sum(len(call.arguments) + len(call.response) for call in calls)
