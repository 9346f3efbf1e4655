"""The pages of the API reference: which module is on which page, and where each public name is described.

A name that several modules export is described once, on the page of the first one below; the others link there.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import griffe

__all__ = ["PAGES", "Entry", "Page", "entries", "load_package", "modules_there", "pages"]

ROOT = Path(__file__).parent.parent
PACKAGE = "deepgram_anyio"


class Page(NamedTuple):
    """A page of the reference: name, title, what it begins with, and the modules on it, less the package's name."""

    slug: str
    title: str
    text: str
    modules: tuple[str, ...]


class Entry(NamedTuple):
    """A public name: where it is imported from, and the path under which it is described."""

    path: str
    described: str
    page: str


PAGES = (
    Page("client", "Client", "What `deepgram_anyio` itself exports. Errors are on [their own page](errors.md).", ("",)),
    Page(
        "calls",
        "Calls",
        "What hangs below `dg.listen`, `dg.speak`, `dg.agent`, `dg.read`, `dg.auth`, `dg.manage` and `dg.selfhosted`. "
        "You get these objects from a client; there is nothing to import.",
        (
            *("services.listen", "services.transcribe", "services.flux", "services.speak", "services.synthesize"),
            *("services.agent", "services.agent_store", "services.read", "services.auth", "services.manage"),
            *("services.manage.projects", "services.manage.people", "services.manage.usage"),
            *("services.manage.billing", "services.manage.models", "services.selfhosted"),
        ),
    ),
    Page("errors", "Errors", "All errors are in `deepgram_anyio.errors`, and in `deepgram_anyio`.", ("errors",)),
    Page("protocol", "Messages: all sockets", "What every socket may yield.", ("protocol",)),
    Page("listen", "Messages: listen", "Messages of live transcription, `/v1/listen`.", ("protocol.listen",)),
    Page("flux", "Messages: Flux", "Messages of conversational transcription, `/v2/listen`.", ("protocol.flux",)),
    Page("speak", "Messages: speak", "Messages of text to speech, `/v1/speak`.", ("protocol.speak",)),
    Page("flux_speak", "Messages: Flux speech", "Messages of `/v2/speak`.", ("protocol.flux_speak",)),
    Page("agent", "Messages: agent", "Settings and messages of a voice agent.", ("protocol.agent",)),
    Page(
        "rest",
        "REST answers",
        "What the REST calls return, and what some of them take. [REST operations](../rest.md) lists the calls. What a "
        "call returns has `request_id` and `raw_response`, too.",
        (
            *("protocol.rest.transcription", "protocol.rest.captions", "protocol.rest.analysis"),
            *("protocol.rest.speech", "protocol.rest.projects", "protocol.rest.usage", "protocol.rest.billing"),
            *("protocol.rest.models", "protocol.rest.credentials", "protocol.rest.agents"),
        ),
    ),
    Page("transport", "transport", "The WebSocket client on its own, for any server.", ("transport",)),
    Page("sync", "sync", "The blocking API. Names of deepgram-sdk v4 are on [their own page](sync_v4.md).", ("sync",)),
    Page("audio", "audio", "See [Sound](../audio.md) for the guide.", ("audio",)),
    Page("bulk", "bulk", "See [Bulk work](../bulk.md) for the guide.", ("bulk",)),
    Page("telemetry", "telemetry", "See [Observability](../observability.md) for the guide.", ("telemetry",)),
    Page("testing", "testing", "See [Testing your app](../testing.md) for the guide.", ("testing",)),
    Page("local", "local", "The embedded server, what it runs, and what can be put in its place.", ("local",)),
    Page("engines", "local.engines", "Recognisers and voices of the embedded server.", ("local.engines",)),
    Page("faults", "local.faults", "A TCP proxy that misbehaves by plan.", ("local.faults",)),
)

# Names of v4 stand on a page of their own, which `sync` fills.
_V4 = Page("sync_v4", "sync: names of v4", "", ())
_FIRST = ("errors", "protocol")
# Every class on these pages has the same methods of its base.
_PLAIN = {"listen", "flux", "speak", "flux_speak", "agent", "rest"}
_WIRE_FORM = " Messages and answers have `to_dict()` and `to_json()`, which return the wire form."
_OWN_MEMBERS = "    options:\n      inherited_members: false\n"


def modules_there(page: Page) -> list[str]:
    """Return the full names of a page's modules, without those that this version has not."""
    names = [f"{PACKAGE}.{module}".rstrip(".") for module in page.modules]
    return [name for name in names if any(_file(name).exists() for _file in (_module, _package))]


def _module(name: str) -> Path:
    return ROOT.joinpath(*name.split(".")).with_suffix(".py")


def _package(name: str) -> Path:
    return ROOT.joinpath(*name.split("."), "__init__.py")


def load_package() -> griffe.Module:
    """Read the package's sources, with what its modules import from each other."""
    found = griffe.load(PACKAGE, search_paths=[ROOT], resolve_aliases=True)
    assert isinstance(found, griffe.Module)
    return found


def entries(package: griffe.Module) -> list[Entry]:
    """Return every public name, in the order of the pages."""
    found: list[Entry] = []
    where: dict[str, Entry] = {}
    first = [page for page in PAGES if page.slug in _FIRST]
    for page in (*first, *(page for page in PAGES if page not in first)):
        for module in modules_there(page):
            for name in importlib.import_module(module).__all__:
                path = f"{module}.{name}"
                target = _target(package, path)
                if target is None:
                    continue
                slug = _V4.slug if page.slug == "sync" and ".sync.v4." in target else page.slug
                entry = where.setdefault(target, Entry(path, path, slug))
                found.append(Entry(path, entry.described, entry.page))
    return found


def _target(package: griffe.Module, path: str) -> str | None:
    """The path where something is defined; None for modules, which have pages of their own, and the version."""
    found = package[path.removeprefix(f"{PACKAGE}.")]
    if isinstance(found, griffe.Alias):
        found = found.final_target
    return None if found.is_module or found.name == "__version__" else str(found.path)


def pages(package: griffe.Module) -> Iterator[tuple[str, str, str]]:
    """Yield each page's name, title and text in Markdown."""
    all_entries = entries(package)
    described = {page.slug: [e for e in all_entries if e.page == page.slug and e.path == e.described] for page in PAGES}
    described[_V4.slug] = [e for e in all_entries if e.page == _V4.slug and e.path == e.described]
    for page in PAGES:
        there = modules_there(page)
        if not there:
            continue
        elsewhere = [
            entry
            for entry in all_entries
            if entry.path != entry.described and entry.path.rpartition(".")[0] in there and entry.page != _V4.slug
        ]
        plain = page.slug in _PLAIN
        text = page.text + _WIRE_FORM * plain
        yield page.slug, page.title, _text(page.title, text, described[page.slug], elsewhere, inherited=not plain)
        if page.slug == "sync":
            text = "Every public name of deepgram-sdk 4.8.1. [From v4](../migration.md) shows the native calls."
            yield _V4.slug, _V4.title, _text(_V4.title, text, described[_V4.slug], [], inherited=False)


def _text(title: str, text: str, own: list[Entry], elsewhere: list[Entry], *, inherited: bool = True) -> str:
    parts = [f"# {title}\n\n{text}\n"]
    if elsewhere:
        links = ", ".join(f"[`{e.path.removeprefix(PACKAGE + '.')}`][{e.described}]" for e in elsewhere)
        parts.append(f"Described elsewhere: {links}.\n")
    parts += [f"::: {entry.described}\n{'' if inherited else _OWN_MEMBERS}" for entry in own]
    return "\n".join(parts)
