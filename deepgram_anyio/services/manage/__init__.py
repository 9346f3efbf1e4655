"""Management: projects, keys, people, usage, money and models."""

from __future__ import annotations

from ..backend import Backend
from .billing import Billing
from .models import Models
from .people import Invites, Members
from .projects import Keys, Projects
from .usage import ProjectUsage, Requests

__all__ = ["Manage", "ManageV1"]


class ManageV1:
    """Version 1 of the management calls.

    Identifiers are checked before any I/O: an empty one, or one that could lead out of its place in the path, is a
    `ConfigError`. Every call raises `ApiError` (the server refused; its subclass tells why), `ConnectError`,
    `ConnectionClosed`, `TimeoutError` or `RemoteProtocolError` (the answer is not as documented). A call that is
    cancelled stops at once; the server may have carried it out all the same.

    Attributes:
        projects: projects.
        keys: their API keys.
        members: who belongs to them.
        invites: who is invited to them.
        requests: the requests that they made.
        usage: what they used, in sum.
        billing: what they have left, bought and spent.
        models: models, public ones and theirs.
    """

    def __init__(self, backend: Backend) -> None:
        self.projects: Projects = Projects(backend)
        self.keys: Keys = Keys(backend)
        self.members: Members = Members(backend)
        self.invites: Invites = Invites(backend)
        self.requests: Requests = Requests(backend)
        self.usage: ProjectUsage = ProjectUsage(backend)
        self.billing: Billing = Billing(backend)
        self.models: Models = Models(backend)


class Manage:
    """Management.

    Attributes:
        v1: version 1.
    """

    def __init__(self, backend: Backend) -> None:
        self.v1: ManageV1 = ManageV1(backend)
