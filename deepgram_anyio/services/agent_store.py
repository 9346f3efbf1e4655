"""Agents that are stored on the server, and the variables that they refer to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import ConfigError
from ..protocol.agent_settings import Agent
from ..protocol.rest.agents import (
    AgentConfiguration,
    AgentConfigurationList,
    AgentVariable,
    AgentVariableList,
    CreateAgentConfiguration,
    CreateAgentVariable,
    UpdateAgentConfiguration,
    UpdateAgentVariable,
)
from ..protocol.rest.base import Confirmation, make_body
from ..protocol.rest.operations import operation
from .backend import Backend, CallParams

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Configurations", "Variables"]


class Configurations:
    """The stored agents of a project. Calls raise as those of `ManageV1` do."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def list(self, project_id: str, **call: Unpack[CallParams]) -> AgentConfigurationList:
        """List a project's stored agents.

        Args:
            project_id: the project.
            **call: see `CallParams`.
        """
        return await self._backend.call(
            operation("agent.v1.configurations.list"),
            call,
            returns=AgentConfigurationList,
            fields={"project_id": project_id},
        )

    async def get(self, project_id: str, agent_id: str, **call: Unpack[CallParams]) -> AgentConfiguration:
        """Get a stored agent.

        Args:
            project_id: the project.
            agent_id: the agent.
            **call: see `CallParams`.
        """
        return await self._backend.call(
            operation("agent.v1.configurations.get"),
            call,
            returns=AgentConfiguration,
            fields={"project_id": project_id, "agent_id": agent_id},
        )

    async def create(
        self,
        project_id: str,
        config: Agent | Mapping[str, Any] | str,
        metadata: Mapping[str, str] | None = None,
        api_version: int | None = None,
        **call: Unpack[CallParams],
    ) -> AgentConfiguration:
        """Store an agent. It never changes afterwards; only its labels do.

        Args:
            project_id: the project.
            config: the ``agent`` part of the settings of a conversation, as a struct, a mapping, or a JSON text, which
                goes out as it is.
            metadata: labels.
            api_version: version of the form of `config`; None for the server's default, 1.
            **call: see `CallParams`.

        Returns:
            the stored agent, with its identifier.

        Raises:
            ConfigError: `config` is no agent, or holds what JSON cannot; or another argument is of the wrong type.
        """
        body = make_body(
            CreateAgentConfiguration,
            config=_json_text(config),
            metadata=None if metadata is None else _plain(metadata),
            api_version=api_version,
        )
        return await self._backend.call(
            operation("agent.v1.configurations.create"),
            call,
            returns=AgentConfiguration,
            fields={"project_id": project_id},
            body=body,
        )

    async def update(
        self, project_id: str, agent_id: str, metadata: Mapping[str, str], **call: Unpack[CallParams]
    ) -> AgentConfiguration:
        """Replace a stored agent's labels.

        Args:
            project_id: the project.
            agent_id: the agent.
            metadata: the new labels, all of them.
            **call: see `CallParams`.

        Returns:
            the stored agent.

        Raises:
            ConfigError: `metadata` is no mapping from strings to strings.
        """
        return await self._backend.call(
            operation("agent.v1.configurations.update"),
            call,
            returns=AgentConfiguration,
            fields={"project_id": project_id, "agent_id": agent_id},
            body=make_body(UpdateAgentConfiguration, metadata=_plain(metadata)),
        )

    async def delete(self, project_id: str, agent_id: str, **call: Unpack[CallParams]) -> Confirmation:
        """Delete a stored agent.

        Args:
            project_id: the project.
            agent_id: the agent.
            **call: see `CallParams`.

        Returns:
            the server's confirmation.
        """
        return await self._backend.call(
            operation("agent.v1.configurations.delete"),
            call,
            returns=Confirmation,
            fields={"project_id": project_id, "agent_id": agent_id},
        )


class Variables:
    """The values that a project's stored agents can refer to. Calls raise as those of `ManageV1` do."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def list(self, project_id: str, **call: Unpack[CallParams]) -> AgentVariableList:
        """List a project's variables.

        Args:
            project_id: the project.
            **call: see `CallParams`.
        """
        return await self._backend.call(
            operation("agent.v1.variables.list"), call, returns=AgentVariableList, fields={"project_id": project_id}
        )

    async def get(self, project_id: str, variable_id: str, **call: Unpack[CallParams]) -> AgentVariable:
        """Get a variable.

        Args:
            project_id: the project.
            variable_id: the variable.
            **call: see `CallParams`.
        """
        return await self._backend.call(
            operation("agent.v1.variables.get"),
            call,
            returns=AgentVariable,
            fields={"project_id": project_id, "variable_id": variable_id},
        )

    async def create(
        self,
        project_id: str,
        key: str,
        value: Any,
        api_version: int | None = None,
        **call: Unpack[CallParams],
    ) -> AgentVariable:
        """Make a variable.

        Args:
            project_id: the project.
            key: its name, such as ``DG_VOICE``.
            value: any JSON value.
            api_version: version of its form; None for the server's default, 1.
            **call: see `CallParams`.

        Returns:
            the variable, with its identifier.

        Raises:
            ConfigError: `key` is no string, or `value` is what JSON cannot hold.
        """
        return await self._backend.call(
            operation("agent.v1.variables.create"),
            call,
            returns=AgentVariable,
            fields={"project_id": project_id},
            body=make_body(CreateAgentVariable, key=key, value=value, api_version=api_version),
        )

    async def update(self, project_id: str, variable_id: str, value: Any, **call: Unpack[CallParams]) -> AgentVariable:
        """Give a variable a new value.

        Args:
            project_id: the project.
            variable_id: the variable.
            value: any JSON value.
            **call: see `CallParams`.

        Returns:
            the variable.

        Raises:
            ConfigError: `value` is what JSON cannot hold.
        """
        return await self._backend.call(
            operation("agent.v1.variables.update"),
            call,
            returns=AgentVariable,
            fields={"project_id": project_id, "variable_id": variable_id},
            body=make_body(UpdateAgentVariable, value=value),
        )

    async def delete(self, project_id: str, variable_id: str, **call: Unpack[CallParams]) -> Confirmation:
        """Delete a variable.

        Args:
            project_id: the project.
            variable_id: the variable.
            **call: see `CallParams`.

        Returns:
            the server's confirmation.
        """
        return await self._backend.call(
            operation("agent.v1.variables.delete"),
            call,
            returns=Confirmation,
            fields={"project_id": project_id, "variable_id": variable_id},
        )


def _plain(metadata: Any) -> Any:
    # Other things than mappings are left for the body's own check to refuse.
    return dict(metadata) if isinstance(metadata, Mapping) else metadata


def _json_text(config: Any) -> str:
    if not isinstance(config, (Agent, Mapping, str)):
        raise ConfigError(f"config must be an agent.Agent, a mapping or a JSON text, not {type(config).__name__}")
    try:
        if isinstance(config, str):
            msgspec.json.decode(config, type=dict[str, Any])
            return config
        return msgspec.json.encode(_plain(config)).decode()
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"config is no JSON object: {error}") from error
