"""Extensions of griffe, for what the sources do not say where it stands.

- Blocking methods are described by the async ones that they are made of: ``@blocking(ListenV1.finalize)`` stands above
  a stub; signature and docstring are those of its argument.
- A method without a docstring does what the one that it overrides says.
- Objects that a client gives have constructors that are nobody else's business: those have no docstring, or take the
  loop of the blocking clients.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import griffe

__all__ = ["BlockingMethods", "GivenObjects", "Overrides"]

_DECORATORS = {"blocking", "blocking_context", "blocking_iteration", "mirrors"}


class BlockingMethods(griffe.Extension):
    """Copies what is documented from an async method to the blocking one."""

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:
        """Look at every class of the blocking client.

        Args:
            pkg: the package, wholly loaded.
            **kwargs: what else griffe says.
        """
        for module in _modules(pkg["sync"]):
            for cls in _classes(module):
                for member in cls.members.values():
                    if isinstance(member, griffe.Function):
                        _describe(pkg, member)


class Overrides(griffe.Extension):
    """Gives methods without a docstring that of the method they override."""

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:
        """Look at every class.

        Args:
            pkg: the package, wholly loaded.
            **kwargs: what else griffe says.
        """
        for module in _modules(pkg):
            for cls in _classes(module):
                for name, member in cls.members.items():
                    if isinstance(member, griffe.Function | griffe.Attribute) and not member.docstring:
                        overridden = (base.members[name] for base in cls.mro() if name in base.members)
                        member.docstring = next((each.docstring for each in overridden if each.docstring), None)


def _modules(module: griffe.Module) -> Iterator[griffe.Module]:
    yield module
    for member in module.members.values():
        if isinstance(member, griffe.Module):
            yield from _modules(member)


def _classes(module: griffe.Module) -> Iterator[griffe.Class]:
    for member in module.members.values():
        if isinstance(member, griffe.Class):
            yield member


class GivenObjects(griffe.Extension):
    """Leaves out constructors that are not for users; those of errors and dataclasses are."""

    def on_class(self, *, cls: griffe.Class, **kwargs: Any) -> None:
        """Look at a class.

        Args:
            cls: the class, with its members.
            **kwargs: what else griffe says.
        """
        constructor = cls.members.get("__init__")
        if isinstance(constructor, griffe.Function) and not _is_for_users(cls, constructor):
            cls.del_member("__init__")


def _is_for_users(cls: griffe.Class, constructor: griffe.Function) -> bool:
    if cls.module.name == "errors" or "dataclass" in cls.labels:
        return True
    annotations = [str(parameter.annotation) for parameter in constructor.parameters]
    return constructor.docstring is not None and "EventLoopThread" not in annotations


def _describe(pkg: griffe.Module, function: griffe.Function) -> None:
    for decorator in function.decorators:
        call = decorator.value
        if not isinstance(call, griffe.ExprCall) or call.canonical_path.rpartition(".")[2] not in _DECORATORS:
            continue
        argument = call.arguments[0]
        assert isinstance(argument, griffe.Expr)
        original = pkg[argument.canonical_path.removeprefix(f"{pkg.name}.")]
        function.docstring = original.docstring
        function.parameters = original.parameters
        function.returns = original.returns
        function.labels -= {"async"}
