"""TLS, for a REST call and for a socket alike: who is trusted, who is not, and what a broken connection is."""

from __future__ import annotations

import shutil
import ssl
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import anyio
import pytest
import trustme
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream

from deepgram_anyio import RetryPolicy, Timeouts, errors

from ..stand_in import NEVER
from ..transport.peers import Handler, ServerEnd, answering, read_head, read_to_end, serving
from .peers import (
    Ask,
    ask_rest,
    authority,
    client,
    client_tls,
    kinds,
    proxy_variables,
    refusing_tls,
    rest_and_socket,
    server_tls,
)

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _no_proxy_and_no_other_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy_variables(monkeypatch)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


@kinds
async def test_a_private_authority(ask: Ask) -> None:
    async with serving(rest_and_socket, ssl_context=server_tls()) as peer:
        url = f"https://localhost:{peer.port}"
        async with client(url, ssl_context=client_tls()) as dg:
            await ask(dg)
        async with client(url) as dg:
            with pytest.raises(errors.ConnectError) as caught:
                await ask(dg)
        await peer.all_closed(accepted=2)
    place = f"could not connect to localhost:{peer.port}"
    assert str(caught.value) == f"{place}: TLS certificate not trusted: unable to get local issuer certificate"
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)


@kinds
async def test_the_environments_authorities(ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async with serving(rest_and_socket, ssl_context=server_tls()) as peer:
        authority().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        async with client(f"https://localhost:{peer.port}") as dg:
            await ask(dg)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
        async with client(f"https://localhost:{peer.port}") as dg:
            with pytest.raises(errors.ConfigError, match="SSL_CERT_FILE names no file"):
                await ask(dg)
        assert peer.accepted == 1


@kinds
@pytest.mark.skipif(shutil.which("openssl") is None, reason="only openssl knows how it names the files of a directory")
async def test_the_environments_directory_of_authorities(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    await anyio.run_process(["openssl", "rehash", str(tmp_path)])
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    server = serving(rest_and_socket, ssl_context=server_tls())
    async with server as peer, client(f"https://localhost:{peer.port}") as dg:
        await ask(dg)


def _expired() -> ssl.SSLContext:
    past = datetime.now(timezone.utc) - timedelta(days=2)
    return server_tls(not_before=past, not_after=past + timedelta(days=1))


def _self_signed() -> ssl.SSLContext:
    own = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with own.cert_pem.tempfile() as certificate, own.private_key_pem.tempfile() as key:
        context.load_cert_chain(certificate, key)
    return context


@kinds
@pytest.mark.parametrize(
    ("server", "text"),
    [
        (lambda: server_tls("elsewhere.example"), "not valid for 'localhost'"),
        (_expired, "certificate has expired"),
        (_self_signed, "self-signed certificate"),
    ],
    ids=["another host", "expired", "self-signed"],
)
async def test_certificates_that_are_refused(ask: Ask, server: Callable[[], ssl.SSLContext], text: str) -> None:
    async with serving(rest_and_socket, ssl_context=server()) as peer:
        policy = RetryPolicy(max_retries=3, first_s=0.001)
        async with client(f"https://localhost:{peer.port}", ssl_context=client_tls(), retry=policy) as dg:
            with pytest.raises(
                errors.ConnectError, match=f"localhost:{peer.port}: TLS certificate not trusted.*{text}"
            ):
                await ask(dg)
        await peer.all_closed(accepted=1)
        assert peer.accepted == 1  # asking again would change nothing


@kinds
async def test_client_certificates(ask: Ask) -> None:
    server = server_tls()
    server.verify_mode = ssl.CERT_REQUIRED
    authority().configure_trust(server)
    known = client_tls()
    authority().issue_cert("client@example.org").configure_cert(known)
    async with serving(rest_and_socket, ssl_context=server) as peer:
        async with client(f"https://localhost:{peer.port}", ssl_context=known) as dg:
            await ask(dg)
        await peer.all_closed(accepted=1)


@kinds
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=str)
async def test_a_client_certificate_that_is_missing(ask: Ask, version: ssl.TLSVersion) -> None:
    server = server_tls()
    server.verify_mode = ssl.CERT_REQUIRED
    server.maximum_version = version  # in 1.3 the client finishes first, and reads the refusal later
    async with serving(refusing_tls(server)) as peer:
        policy = RetryPolicy(max_retries=3, first_s=0.001)
        async with client(f"https://localhost:{peer.port}", ssl_context=client_tls(), retry=policy) as dg:
            with pytest.raises(errors.ConnectError, match=f"connect to localhost:{peer.port}: TLS failed: .*alert"):
                await ask(dg)
        await peer.all_closed(accepted=1)
        assert peer.accepted == 1


@kinds
async def test_checks_cannot_be_switched_off(ask: Ask) -> None:
    no_names = client_tls()
    no_names.check_hostname = False
    no_trust = client_tls()
    no_trust.check_hostname = False
    no_trust.verify_mode = ssl.CERT_NONE
    async with serving(rest_and_socket, ssl_context=server_tls()) as peer:
        for context in (no_names, no_trust, False, True, "ca.pem"):
            async with client(f"https://localhost:{peer.port}", ssl_context=context) as dg:
                with pytest.raises(errors.ConfigError, match="ssl_context"):
                    await ask(dg)
        assert peer.accepted == 0


async def leave(stream: ByteStream) -> None:
    await stream.receive()


async def half_a_server_hello(stream: ByteStream) -> None:
    await stream.receive()
    await stream.send(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03")


async def plain_http(stream: ByteStream) -> None:
    await stream.receive()
    await stream.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


@kinds
@pytest.mark.parametrize(
    ("server", "text"),
    [(leave, ""), (half_a_server_hello, ""), (plain_http, "TLS failed")],
    ids=["cut at once", "cut in the middle", "plain HTTP"],
)
async def test_handshakes_that_fail(ask: Ask, server: Handler, text: str) -> None:
    async with serving(server) as peer:
        async with client(f"https://localhost:{peer.port}", ssl_context=client_tls()) as dg:
            with pytest.raises(errors.ConnectError, match=f"could not connect to localhost:{peer.port}: {text}"):
                await ask(dg)
        await peer.all_closed(accepted=1)


@kinds
async def test_a_server_that_never_answers_the_handshake(ask: Ask) -> None:
    async with serving(_silent) as peer:
        timeouts = Timeouts(connect_s=0.05, read_s=5.0)
        async with client(f"https://localhost:{peer.port}", ssl_context=client_tls(), timeouts=timeouts) as dg:
            with pytest.raises(errors.TimeoutError, match=f"could not connect to localhost:{peer.port}"):
                await ask(dg)
        await peer.all_closed(accepted=1)


async def _silent(stream: ByteStream) -> None:
    await read_to_end(stream)


@kinds
async def test_outdated_tls(ask: Ask) -> None:
    server = server_tls()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that is what this test is about
        server.minimum_version = server.maximum_version = ssl.TLSVersion.TLSv1_1
    server.set_ciphers("ALL:@SECLEVEL=0")
    async with serving(refusing_tls(server)) as peer:
        async with client(f"https://localhost:{peer.port}", ssl_context=client_tls()) as dg:
            with pytest.raises(errors.ConnectError, match=r"TLS failed: .*(protocol|version)"):
                await ask(dg)
        await peer.all_closed(accepted=1)


@kinds
async def test_http_2_is_not_spoken(ask: Ask) -> None:
    server = server_tls()
    server.set_alpn_protocols(["h2", "http/1.1"])
    modern = client_tls()
    modern.set_alpn_protocols(["h2", "http/1.1"])
    async with serving(rest_and_socket, ssl_context=server) as peer:
        async with client(f"https://localhost:{peer.port}", ssl_context=modern) as dg:
            with pytest.raises(errors.ConnectError, match="ALPN"):
                await ask(dg)
        async with client(f"https://localhost:{peer.port}", ssl_context=client_tls()) as dg:
            await ask(dg)


BODY = b'{"projects": []}'
UNTIL_THE_END = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
CUT_SHORT = {
    "before its length": b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + BODY,
    "between chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n" + BODY + b"\r\n",
    "where it could be whole": UNTIL_THE_END + BODY,
    "within its head": UNTIL_THE_END[:30],
}


@pytest.mark.parametrize("answer", CUT_SHORT.values(), ids=CUT_SHORT.keys())
async def test_an_answer_that_ends_without_the_end_of_tls(answer: bytes) -> None:
    async with serving(answering(answer), ssl_context=server_tls()) as peer:
        async with client(f"https://localhost:{peer.port}", ssl_context=client_tls()) as dg:
            with pytest.raises(errors.ConnectionClosed) as caught:
                await ask_rest(dg)
        assert caught.value.code == 1006


async def test_an_answer_without_length_that_ends_with_the_end_of_tls() -> None:
    async def answer(stream: ByteStream) -> None:
        assert isinstance(stream, TLSStream)
        await read_head(stream)
        await stream.send(UNTIL_THE_END + BODY)
        await stream.unwrap()

    server = serving(answer, ssl_context=server_tls())
    async with server as peer, client(f"https://localhost:{peer.port}", ssl_context=client_tls()) as dg:
        await ask_rest(dg)


@pytest.mark.parametrize("rest", [b"", b"\x81\x7e\x01\x00{"], ids=["between messages", "within a message"])
async def test_a_socket_that_ends_without_the_end_of_tls(rest: bytes) -> None:
    async def break_off(stream: ByteStream) -> None:
        end = await ServerEnd.accept(stream)
        await end.send_raw(rest)

    async with serving(break_off, ssl_context=server_tls()) as peer:
        async with client(f"https://localhost:{peer.port}", ssl_context=client_tls()) as dg:
            with pytest.raises(errors.ConnectionClosed) as caught:
                async with dg.listen.v1.connect(encoding="linear16", sample_rate=16000, reconnect=NEVER) as connection:
                    async for _ in connection:
                        pass
        assert caught.value.code == 1006
        await peer.all_closed(accepted=1)
