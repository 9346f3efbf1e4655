"""What a batch transcribes: files, folders of them, and URLs, and the names that they go by."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import ConfigError
from ..protocol.rest.urls import check_url, is_url

__all__ = ["MEDIA_SUFFIXES", "Recording", "find_recordings", "recording_of", "relative_key"]

MEDIA_SUFFIXES: frozenset[str] = frozenset(
    ".3gp .aac .ac3 .aif .aiff .amr .au .avi .caf .flac .flv .m4a .m4b .m4v .mka .mkv .mov .mp2 .mp3 .mp4 .mpeg "  # noqa: SIM905 - else a line for each
    ".mpg .oga .ogg .ogv .opus .spx .wav .weba .webm .wma .wmv".split()
)
"""Names of files that are taken for recordings in a folder, when no pattern says otherwise."""

_MAX_NAME = 100
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, kw_only=True, repr=False)
class Recording:
    """A recording of a batch.

    Attributes:
        source: the path of a file, or an ``http`` or ``https`` URL, which the server fetches.
        name: what its output is called, less the suffix, below the output folder; None for the file's own name, or for
            one made of the URL.
        key: what the manifest calls it; None for the path relative to the manifest, or for the URL, in which a digest
            stands for the query, as that may hold a signature.
    """

    source: str | os.PathLike[str]
    name: str | None = None
    key: str | None = None

    def __repr__(self) -> str:
        return f"<Recording {self.label}>"

    @property
    def url(self) -> str | None:
        """The URL; None for a file."""
        return self.source if isinstance(self.source, str) and is_url(self.source) else None

    @property
    def path(self) -> Path:
        """The file. Not for a URL."""
        return Path(self.source)

    @property
    def label(self) -> str:
        """What a person is told that it is: the path, or the URL without its query."""
        return os.fspath(self.source) if self.url is None else _public_url(self.url)

    def check(self) -> None:
        """Raise `ConfigError` for a URL that cannot be used."""
        if self.url is not None:
            check_url("the recording's URL", self.url)

    def output_name(self) -> str:
        """Return `name`, or what stands for it.

        Raises:
            ConfigError: the name leads out of the output folder.
        """
        name = self.name
        if name is None:
            return self.path.name if self.url is None else _name_of_url(self.url)
        if os.path.isabs(name) or ".." in Path(name).parts or not Path(name).name:
            raise ConfigError(f"the name of an output must stay in its folder, which {name!r} does not")
        return name

    def key_in(self, folder: str | None) -> str:
        """Return what the manifest in a folder calls it; None stands for no manifest.

        Args:
            folder: the manifest's.
        """
        if self.key is not None:
            return self.key
        if self.url is not None or folder is None:
            return self.label
        return relative_key(self.source, folder)


def recording_of(source: object) -> Recording:
    """Return a recording for what users name: one of itself, a path, or a URL.

    Raises:
        ConfigError: it is something else.
    """
    if isinstance(source, Recording):
        return source
    if not isinstance(source, (str, os.PathLike)):
        raise ConfigError(f"a recording must be a path, a URL or a Recording, not {type(source).__name__}")
    return Recording(source=source)


def find_recordings(
    folder: str | os.PathLike[str], *, recursive: bool = True, pattern: str | None = None
) -> Iterator[Recording]:
    """Go through the recordings in a folder, sorted by name, folder by folder; each is found when it is asked for.

    Outputs are called as the recordings are, in the same folders. What begins with a dot is left out.

    Args:
        folder: where to look.
        recursive: also in the folders in it; links to folders are not followed.
        pattern: for the files' names, such as ``*.wav``; None for all of `MEDIA_SUFFIXES`.

    Returns:
        the recordings, one after the other.

    Raises:
        ConfigError: a folder cannot be read.
    """
    return _walk(os.fspath(folder), "", recursive, pattern)


def _walk(root: str, below: str, recursive: bool, pattern: str | None) -> Iterator[Recording]:
    here = os.path.join(root, below)
    try:
        with os.scandir(here) as entries:
            found = sorted((entry.name, entry.is_dir(follow_symlinks=False), entry.is_file()) for entry in entries)
    except OSError as error:
        raise ConfigError(f"cannot read {here}: {error.strerror or error}") from error
    for name, is_folder, is_file in found:
        inner = os.path.join(below, name)
        if name.startswith("."):
            continue
        if is_folder:
            if recursive:
                yield from _walk(root, inner, recursive, pattern)
        elif is_file and _wanted(name, pattern):
            yield Recording(source=os.path.join(root, inner), name=inner)


def _wanted(name: str, pattern: str | None) -> bool:
    if pattern is not None:
        return fnmatch.fnmatch(name, pattern)
    return os.path.splitext(name)[1].lower() in MEDIA_SUFFIXES


def relative_key(path: str | os.PathLike[str], folder: str) -> str:
    """Return a path relative to a folder, with slashes; on another drive, the path itself.

    Args:
        path: of a file, however it is spelled.
        folder: real, absolute path.
    """
    head, name = os.path.split(path)
    real = os.path.join(_real(head, os.getcwd()), name)
    try:
        return Path(os.path.relpath(real, folder)).as_posix()
    except ValueError:
        return Path(real).as_posix()


@lru_cache(maxsize=256)
def _real(folder: str, _here: str) -> str:
    return os.path.realpath(folder or ".")


def _public_url(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return f"{url.partition(':')[0]}://?{_digest(url)}"
    host = parts.netloc.rpartition("@")[2]
    public = f"{parts.scheme}://{host}{parts.path}"
    return f"{public}?{_digest(url)}" if parts.query or host != parts.netloc else public


def _name_of_url(url: str) -> str:
    parts = urlsplit(url)
    plain = _UNSAFE.sub("_", f"{parts.hostname}{parts.path}").strip("._")
    whole = not parts.query and len(plain) <= _MAX_NAME
    return plain if whole else f"{plain[-_MAX_NAME:].lstrip('._')}-{_digest(url)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
