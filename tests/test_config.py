"""Settings: which hosts and which credentials follow from arguments, configuration and environment."""

from __future__ import annotations

import logging
import pickle
import traceback
from typing import Any

import pytest

from deepgram_anyio import ClientConfig, ConfigError, DeepgramClient
from deepgram_anyio.config import REGIONS, resolve_credentials, resolve_hosts
from deepgram_anyio.transport.credentials import Credentials

KEY = "sk-0123456789abcdef-secret"

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEEPGRAM_API_KEY", "DEEPGRAM_ACCESS_TOKEN", "DEEPGRAM_HOST"):
        monkeypatch.delenv(name, raising=False)


def hosts(environ: dict[str, str] | None = None, **config: Any) -> tuple[str, str]:
    found = resolve_hosts(ClientConfig(**config), environ or {})
    return found.api, found.agent


async def authorization(environ: dict[str, str] | None = None, **config: Any) -> str | None:
    settings = ClientConfig(**config)
    return await resolve_credentials(settings, resolve_hosts(settings, {}), environ or {}).authorization()


def test_the_global_hosts_are_the_default() -> None:
    assert hosts() == ("https://api.deepgram.com", "https://agent.deepgram.com")


@pytest.mark.parametrize("region", ["eu", "au", "in", "EU"])
def test_a_region_has_api_and_agent_on_one_host(region: str) -> None:
    url = f"https://api.{region.lower()}.deepgram.com"
    assert hosts(region=region) == (url, url)
    assert REGIONS[region.lower()] == url


@pytest.mark.parametrize(
    ("given", "api"),
    [
        ("https://gw.example/dg/", "https://gw.example/dg"),
        ("gw.example", "https://gw.example"),
        ("gw.example:8443/a/b", "https://gw.example:8443/a/b"),
        ("ws://localhost:8080", "http://localhost:8080"),
        ("WSS://gw.example", "https://gw.example"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
    ],
)
def test_a_base_url_keeps_its_path_and_names_the_agent_too(given: str, api: str) -> None:
    assert hosts(base_url=given) == (api, api)
    assert hosts({"DEEPGRAM_HOST": given}) == (api, api)


def test_the_argument_wins_over_the_environment_and_the_environment_over_the_region() -> None:
    environ = {"DEEPGRAM_HOST": "env.example"}
    assert hosts(environ, base_url="https://arg.example")[0] == "https://arg.example"
    assert hosts(environ, region="eu")[0] == "https://env.example"


def test_an_agent_url_of_its_own() -> None:
    assert hosts(base_url="https://a.example", agent_url="https://b.example/x") == (
        "https://a.example",
        "https://b.example/x",
    )


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host",
        "https://",
        "https://user:pw@host",
        "https://host/?a=b",
        "https://host/#f",
        "https://host:notaport",
        "https://host:99999",
        "https://[::1",
    ],
)
def test_what_is_no_base_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="base_url") as caught:
        hosts(base_url=url)
    assert "pw" not in str(caught.value)


def test_an_unknown_region_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="global, eu, au, in"):
        hosts(region="mars")


async def test_the_first_credential_that_is_set_wins() -> None:
    environ = {"DEEPGRAM_ACCESS_TOKEN": "env-token", "DEEPGRAM_API_KEY": "env-key"}
    assert await authorization(environ, api_key="k") == "Token k"
    assert await authorization(environ, api_key="k", access_token="t") == "Bearer t"
    assert await authorization(environ) == "Bearer env-token"
    assert await authorization({"DEEPGRAM_API_KEY": "env-key"}) == "Token env-key"


async def test_a_key_argument_wins_over_a_configured_token() -> None:
    client = DeepgramClient("k", config=ClientConfig(access_token="configured"))
    assert await client._backend.credentials.authorization() == "Token k"


async def test_a_token_function_is_asked_every_time() -> None:
    given = iter(["one", "two"])
    credentials = Credentials(access_token=lambda: next(given))
    assert [await credentials.authorization() for _ in range(2)] == ["Bearer one", "Bearer two"]


async def test_a_token_function_may_be_async() -> None:
    async def token() -> str:
        return "fresh"

    assert await Credentials(access_token=token).authorization() == "Bearer fresh"


async def test_what_a_token_function_gives_is_checked() -> None:
    with pytest.raises(ConfigError, match="access_token must be a string, not int"):
        await Credentials(access_token=lambda: 3).authorization()  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["", "two words", "line\r\nbreak", "schlüssel", "tab\t"])
@pytest.mark.parametrize("name", ["api_key", "access_token"])
def test_what_cannot_be_a_credential_is_refused_without_showing_it(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name) as caught:
        DeepgramClient(**{name: value})  # type: ignore[arg-type]
    assert not value or value not in str(caught.value)


def test_deepgram_without_credentials_is_refused_with_advice() -> None:
    with pytest.raises(ConfigError, match="DEEPGRAM_API_KEY"):
        DeepgramClient()


async def test_a_self_hosted_server_needs_no_credentials() -> None:
    assert await authorization(base_url="http://gpu.example:8080") is None


@pytest.mark.parametrize("url", ["http://localhost:1", "http://127.0.0.1", "ws://[::1]:8080", "http://a.localhost"])
async def test_this_machine_may_get_a_key_without_tls(url: str) -> None:
    assert await authorization(base_url=url, api_key="k") == "Token k"


@pytest.mark.parametrize("url", ["http://gw.example", "ws://10.0.0.1", "http://localhost.example"])
async def test_other_hosts_may_not_unless_allowed(url: str) -> None:
    with pytest.raises(ConfigError, match="without TLS"):
        await authorization(base_url=url, api_key="k")
    with pytest.raises(ConfigError, match="without TLS"):
        await authorization(agent_url=url, api_key="k")
    assert await authorization(base_url=url, api_key="k", allow_insecure=True) == "Token k"


def test_no_secret_shows(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    config = ClientConfig(api_key=KEY, access_token=KEY, proxy=f"http://u:{KEY}@p", headers={"X-Key": KEY})
    client = DeepgramClient(config=config)
    shown = [repr(config), str(config), repr(client), repr(client._backend), repr(client._backend.credentials)]
    try:
        DeepgramClient(KEY, base_url="http://gw.example")
    except ConfigError as error:
        shown += [str(error), repr(error), *traceback.format_exception(error), str(pickle.dumps(error))]
    assert not any(KEY in text for text in [*shown, caplog.text])


async def test_a_client_can_be_opened_again_but_not_twice_at_once() -> None:
    client = DeepgramClient("k")
    for _ in range(2):
        async with client as same:
            assert same is client
            with pytest.raises(ConfigError, match="already open"):
                await client.__aenter__()


def test_a_local_client_says_when_its_server_does_not_run() -> None:
    with pytest.raises(ConfigError, match="async with"):
        _ = DeepgramClient.local().listen
    with pytest.raises(AttributeError, match="lissen"):
        _ = DeepgramClient.local().lissen
