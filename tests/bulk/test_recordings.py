"""Folders of recordings, and the names that recordings go by."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deepgram_anyio.bulk import Recording, find_recordings
from deepgram_anyio.bulk.outputs import Outputs, save
from deepgram_anyio.bulk.recordings import relative_key
from deepgram_anyio.errors import ConfigError

from .recordings import write_files


def names(folder: Path, **options: object) -> list[str]:
    found = list(find_recordings(folder, **options))  # type: ignore[arg-type]
    assert [Path(recording.source) for recording in found] == [folder / (recording.name or "") for recording in found]
    return [Path(recording.name or "").as_posix() for recording in found]


def test_media_files_are_found_in_order(tmp_path: Path) -> None:
    write_files(
        tmp_path, ["b.WAV", "a.mp3", "c/z.opus", "c/y/x.flac", "notes.txt", "a.mp3.json", ".hidden.wav", ".d/a.wav"]
    )
    assert names(tmp_path) == ["a.mp3", "b.WAV", "c/y/x.flac", "c/z.opus"]
    assert names(tmp_path, recursive=False) == ["a.mp3", "b.WAV"]
    assert names(tmp_path, pattern="*.txt") == ["notes.txt"]
    assert names(tmp_path, pattern="?.???") == ["a.mp3", "b.WAV"]


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    write_files(tmp_path, ["a/one.wav"])
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "link.wav").symlink_to(tmp_path / "a" / "one.wav")
    assert names(tmp_path) == ["a/one.wav", "link.wav"]


def test_folders_are_read_when_they_are_reached(tmp_path: Path) -> None:
    write_files(tmp_path, ["a.wav", "b/c.wav"])
    found = find_recordings(tmp_path)
    assert next(found).name == "a.wav"
    (tmp_path / "b" / "c.wav").unlink()
    (tmp_path / "b").rmdir()
    with pytest.raises(ConfigError, match=r"cannot read .*b: No such file"):
        next(found)


def test_a_key_does_not_depend_on_how_a_path_is_spelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = write_files(tmp_path, ["calls/a.wav"])
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "calls", target_is_directory=True)
    monkeypatch.chdir(tmp_path / "calls")
    folder = os.path.realpath(tmp_path)
    spellings: list[str | Path] = [path, str(path), "a.wav", "./a.wav", "../calls/a.wav", link / "a.wav"]
    assert {relative_key(spelling, folder) for spelling in spellings} == {"calls/a.wav"}
    assert relative_key(path, os.path.join(folder, "out")) == "../calls/a.wav"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://x.example/a/b.wav", "x.example_a_b.wav"),
        ("https://x.example", "x.example"),
        ("https://x.example/../../etc/passwd", "x.example_.._.._etc_passwd"),
    ],
)
def test_a_url_has_a_name_that_is_a_file_name(url: str, name: str) -> None:
    assert Recording(source=url).output_name() == name


def test_urls_that_differ_have_names_that_differ() -> None:
    path = "x" * 300
    urls = [
        f"https://x.example/{path}",
        f"https://x.example/{path}y",
        "https://x.example/?a=1",
        "https://x.example/?a=2",
    ]
    found = [Recording(source=url).output_name() for url in urls]
    assert len(set(found)) == 4
    assert max(map(len, found)) < 200
    assert not any(set(name) & set("/\\?*:") for name in found)


@pytest.mark.parametrize("name", ["../up", "/etc/x", "a/../../b", "", "."])
def test_a_name_stays_in_its_folder(name: str) -> None:
    with pytest.raises(ConfigError, match="must stay in its folder"):
        Recording(source="a.wav", name=name).output_name()


def test_results_lie_beside_or_in_the_folder(tmp_path: Path) -> None:
    recording = Recording(source="calls/a.wav", name="x/a.wav")
    assert Outputs(format="srt").path_of(recording) == Path("calls/a.wav.srt")
    assert Outputs(format="srt", folder=tmp_path).path_of(recording) == tmp_path / "x" / "a.wav.srt"
    assert Outputs().path_of(recording) is None
    assert Outputs(format="text").path_of(Recording(source="https://x.example/a.wav")) == Path("x.example_a.wav.txt")


@pytest.mark.parametrize("alone", [True, False])
def test_a_file_is_saved_whole_or_not_at_all(tmp_path: Path, alone: bool) -> None:
    path = tmp_path / "deep" / "a.txt"
    save(path, b"one", replace=False, alone=alone)
    with pytest.raises(FileExistsError):
        save(path, b"two", replace=False, alone=alone)
    assert path.read_bytes() == b"one"
    save(path, b"three", replace=True, alone=alone)
    assert path.read_bytes() == b"three"
    assert os.listdir(path.parent) == ["a.txt"]


def test_where_links_cannot_be_made_files_are_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    save(tmp_path / "a", b"one", replace=False, alone=True)
    with pytest.raises(FileExistsError):
        save(tmp_path / "a", b"two", replace=False, alone=True)
    assert (tmp_path / "a").read_bytes() == b"one"
    assert os.listdir(tmp_path) == ["a"]


def test_what_a_killed_process_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / ".a.part").write_bytes(b"half of something longer")
    save(tmp_path / "a", b"whole", replace=False, alone=True)
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"whole"
