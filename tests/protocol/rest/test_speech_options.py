"""Parameters of speech, what is said of it, and the URLs that requests name."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest

from deepgram_anyio.errors import ConfigError
from deepgram_anyio.protocol.options import Options, merge_options
from deepgram_anyio.protocol.rest.speech import (
    FluxSpeechOptions,
    FluxSpeechParams,
    Speech,
    SpeechOptions,
    SpeechParams,
)
from deepgram_anyio.protocol.rest.urls import check_callback, check_url, is_url

BOTH = pytest.mark.parametrize("cls", [SpeechOptions, FluxSpeechOptions])


@pytest.mark.parametrize(("options", "params"), [(SpeechOptions, SpeechParams), (FluxSpeechOptions, FluxSpeechParams)])
def test_keywords_are_the_fields(options: type[Any], params: type[Any]) -> None:
    assert set(get_type_hints(params)) == set(options.__struct_fields__) - {"callback"}


def test_only_what_was_set_is_sent() -> None:
    assert SpeechOptions().to_query() == "model=aura-2-thalia-en"
    assert FluxSpeechOptions().to_query() == "model=flux-haley-en"
    asked = SpeechOptions(encoding="linear16", container="none", sample_rate=24000, mip_opt_out=False, tag=["a", "b"])
    assert asked.to_query() == (
        "model=aura-2-thalia-en&encoding=linear16&container=none&sample_rate=24000&tag=a&tag=b&mip_opt_out=false"
    )
    flux = FluxSpeechOptions(speed=1.05, expressivity=-2, priority="low", callback="https://a.example/b?c=d")
    assert flux.to_query() == (
        "model=flux-haley-en&speed=1.05&expressivity=-2&priority=low&callback=https%3A%2F%2Fa.example%2Fb%3Fc%3Dd"
    )


@BOTH
@pytest.mark.parametrize(
    "wrong", [{"model": ""}, {"callback_method": "get"}, {"callback": "b"}, {"sample_rate": 0}, {"speed": -1.0}]
)
def test_speech_that_cannot_work(cls: type[Options], wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        merge_options(cls, None, wrong)


def test_priority_needs_a_callback() -> None:
    with pytest.raises(ConfigError, match="priority is for requests with a callback"):
        merge_options(FluxSpeechOptions, None, {"priority": "low"})
    asked = {"priority": "low", "callback": "https://a.example"}
    assert merge_options(FluxSpeechOptions, None, asked).priority == "low"


def test_speech_shows_no_audio() -> None:
    speech = Speech(audio=b"\xff" * 1000, content_type="audio/mpeg", request_id="r")
    assert repr(speech) == "<Speech 1000 bytes of audio/mpeg, request r>"


# URLs


@pytest.mark.parametrize(
    "url", ["https://a.example", "http://127.0.0.1:8080/b?c=d#e", "HTTPS://u:p@[::1]/ü", "https://a.example/%20"]
)
def test_usable_urls(url: str) -> None:
    assert is_url(url)
    check_url("url", url)
    check_callback(url, "PUT")


@pytest.mark.parametrize(
    "url",
    ["", "speech.wav", "ftp://a.example", "https://", "https:///b", "https://a b", "https://a\n", " https://a", "\x00"],
)
def test_unusable_urls(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^url must be an absolute http"):
        check_url("url", url)


def test_what_is_no_url_at_all() -> None:
    with pytest.raises(ConfigError, match="url is not a URL: "):
        check_url("url", "https://[::1")
    with pytest.raises(ConfigError, match=r"url must be an http.* URL, not dict"):
        check_url("url", {"url": "https://a.example"})
    assert not is_url(b"https://a.example")
    assert is_url(" http://a.example")
