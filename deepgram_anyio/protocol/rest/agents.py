"""Stored agent configurations and variables, and the models that agents can think with."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import msgspec

from .base import Listing, Record, Response

__all__ = [
    "AgentConfiguration",
    "AgentConfigurationList",
    "AgentVariable",
    "AgentVariableList",
    "CreateAgentConfiguration",
    "CreateAgentVariable",
    "ThinkModel",
    "ThinkModelList",
    "UpdateAgentConfiguration",
    "UpdateAgentVariable",
]


class ThinkModel(Record, kw_only=True):
    """A language model for agents.

    Attributes:
        id: what to write as ``agent.think.provider.model``.
        name: for a person.
        provider: what to write as ``agent.think.provider.type``.
    """

    id: str
    name: str | None = None
    provider: Any = None


class ThinkModelList(Listing[ThinkModel], kw_only=True):
    """The language models for agents.

    Attributes:
        models: one by one.
    """

    _items: ClassVar[str] = "models"

    models: list[ThinkModel] | None = None


class AgentConfiguration(Response, kw_only=True):
    """A stored agent; its identifier can stand in place of ``agent`` in the settings of a conversation.

    Attributes:
        agent_id: its identifier.
        config: the ``agent`` part of the settings.
        metadata: labels.
        created_at: when it was made.
        updated_at: when it was changed last.
    """

    agent_id: str
    config: Any = None
    metadata: dict[str, str] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class AgentConfigurationList(Listing[AgentConfiguration], kw_only=True):
    """The stored agents of a project.

    Attributes:
        agents: one by one.
    """

    _items: ClassVar[str] = "agents"

    agents: list[AgentConfiguration] | None = None


class CreateAgentConfiguration(Record, kw_only=True):
    """An agent to store.

    Attributes:
        config: the ``agent`` part of the settings, as a JSON text.
        metadata: labels.
        api_version: version of its form; 1.
    """

    config: str
    metadata: dict[str, str] | None = None
    api_version: int | None = None


class UpdateAgentConfiguration(Record, kw_only=True):
    """A stored agent's new labels; the configuration itself never changes.

    Attributes:
        metadata: labels of your own.
    """

    metadata: dict[str, str]


def _explicit_null() -> None:
    """Default of a value that is always written out: it may well be null."""


class AgentVariable(Response, kw_only=True):
    """A value that stored agents can refer to.

    Attributes:
        variable_id: its identifier.
        key: its name, such as ``DG_VOICE``.
        value: any JSON value.
        created_at: when it was made.
        updated_at: when it was changed last.
    """

    variable_id: str
    key: str
    value: Any = msgspec.field(default_factory=_explicit_null)
    created_at: datetime | None = None
    updated_at: datetime | None = None


class AgentVariableList(Listing[AgentVariable], kw_only=True):
    """The variables of a project.

    Attributes:
        variables: one by one.
    """

    _items: ClassVar[str] = "variables"

    variables: list[AgentVariable] | None = None


class CreateAgentVariable(Record, kw_only=True):
    """A variable to make.

    Attributes:
        key: its name.
        value: any JSON value.
        api_version: version of its form; 1.
    """

    key: str
    value: Any
    api_version: int | None = None


class UpdateAgentVariable(Record, kw_only=True):
    """A variable's new value.

    Attributes:
        value: anything that JSON has.
    """

    value: Any
