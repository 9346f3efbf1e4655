"""What a conversation with an agent has come to, so that another connection can go on with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, TypeAlias

from . import agent
from .agent_settings import CalledFunction, History
from .messages import Message

__all__ = ["Conversation"]

# More than any model is shown; a server that never stops must not fill the memory.
_MAX_ITEMS = 1000
_MAX_CHARS = 1_000_000
_SETTINGS = (agent.UpdateListen, agent.UpdateThink, agent.UpdateThinkLive, agent.UpdateSpeak)

_Told: TypeAlias = type[agent.ConversationText] | type[agent.History]


class Conversation:
    """Follows the messages of a client, and of its server.

    What the user said last, and the agent has not answered, is not part of the context that a new connection gets: it
    is put to the agent again.
    """

    def __init__(self) -> None:
        self._items: deque[History] = deque(maxlen=_MAX_ITEMS)
        self._updates: deque[Message] = deque(maxlen=_MAX_ITEMS)
        self._called: dict[str, agent.FunctionCall] = {}  # and not answered
        self._working = False  # functions were called, and nobody has said anything since
        self._injected: deque[str] = deque(maxlen=_MAX_ITEMS)  # and not confirmed
        self._noted: str | None = None  # the last words of the user that the server made history
        # Words of the user that the caller got, and is about to get again; and the same as history.
        self._echoes: dict[_Told, deque[str]] = {
            kind: deque(maxlen=_MAX_ITEMS) for kind in (agent.ConversationText, History)
        }

    # What happens.

    def said(self, message: Message) -> None:
        """The client said something."""
        if isinstance(message, agent.UpdatePrompt):
            self._updates.append(message)
        elif isinstance(message, _SETTINGS):
            # Behind the prompts so far, since it may hold one itself.
            kept = [update for update in self._updates if type(update) is not type(message)]
            self._updates = deque([*kept, message], maxlen=_MAX_ITEMS)
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
            self._working = False
            self._items.append(History(role=event.role, content=event.content))
            self._forget_the_oldest()
            if event.role == "user":
                if event.content in self._injected:
                    self._injected.remove(event.content)
                return self._is_new(agent.ConversationText, event.content)
        elif isinstance(event, History):
            if event.role == "user" and event.content is not None:
                self._noted = event.content
                return self._is_new(History, event.content)
        elif isinstance(event, agent.FunctionCallRequest):
            self._working = True
            self._called.update((call.id, call) for call in event.functions[:_MAX_ITEMS])
            while len(self._called) > _MAX_ITEMS:
                del self._called[next(iter(self._called))]
        elif isinstance(event, agent.FunctionCallResponse):
            self._answered(event)
        elif isinstance(event, agent.FunctionCallCancelled):
            for cancelled in event.functions:
                self._called.pop(cancelled.id, None)
            self._working = self._working and bool(self._called)
        elif isinstance(event, agent.InjectionRefused) and self._injected:
            refused = self._injected.popleft()
            for kind in self._echoes:
                self._is_new(kind, refused)
        return True

    def injected(self, content: str) -> bool:
        """Tell whether words of the user that the server tells of were not spoken."""
        return content in self._injected

    def _is_new(self, kind: _Told, content: str) -> bool:
        echoes = self._echoes[kind]
        if content not in echoes:
            return True
        echoes.remove(content)
        return False

    def _answered(self, response: agent.FunctionCallResponse) -> None:
        call = self._call_for(response)
        if call is not None:
            del self._called[call.id]
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

    def _call_for(self, response: agent.FunctionCallResponse) -> agent.FunctionCall | None:
        if response.id is not None:
            return self._called.get(response.id)
        return next((call for call in self._called.values() if call.name == response.name), None)

    def asked_for(self, response: agent.FunctionCallResponse) -> bool:
        """Tell whether an answer is to a call that waits for one."""
        return self._call_for(response) is not None

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
        self._ask_again()
        return agent.FunctionCallCancelled(functions=cancelled) if cancelled else None

    def _ask_again(self) -> None:
        asked_at = max((at for at, item in enumerate(self._items) if item.role == "user"), default=None)
        if asked_at is None or not (self._working or asked_at == len(self._items) - 1):
            return
        if any(content in self._injected for content in self._echoes[agent.ConversationText]):
            return  # the last connection broke before it was asked again
        self._working = False
        # What stands behind the words is no answer: the agent was looking something up, and will do so again.
        while len(self._items) > asked_at + 1:
            self._items.pop()
        unanswered = self._items.pop().content or ""
        self._injected.appendleft(unanswered)
        self._echoes[agent.ConversationText].append(unanswered)
        if self._noted == unanswered:
            self._echoes[History].append(unanswered)

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
        return [*self._updates, *asked]


def _chars(item: History) -> int:
    calls = item.function_calls or ()
    return len(item.content or "") + sum(len(call.arguments) + len(call.response) for call in calls)
