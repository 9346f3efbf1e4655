"""The doctor: what it looks at, what it says of what is wrong, and its exit code."""

from __future__ import annotations

import json
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import trustme

from deepgram_anyio.cli import checks, network_checks
from deepgram_anyio.cli.app import run
from deepgram_anyio.cli.checks import Check
from deepgram_anyio.cli.network_checks import Target, check_credentials, check_network
from deepgram_anyio.cli.running import run_bare
from deepgram_anyio.cli.settings import Settings

from .canned import Canned, canned
from .terminal import run as run_in_terminal


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEEPGRAM_API_KEY", "DEEPGRAM_ACCESS_TOKEN", "DEEPGRAM_HOST", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def api() -> Iterator[Canned]:
    with canned() as api:
        yield api


def examine(target: Target) -> dict[str, Check]:
    found: dict[str, Check] = {}

    async def main() -> None:
        await check_network(target, lambda check: found.update({check.name: check}))

    assert run_bare(Settings(), main) == 0
    return found


@pytest.mark.speech
def test_without_key_and_sound_local_is_well() -> None:
    done = run_in_terminal("doctor", "--local")
    assert done.code == 0
    assert max(map(len, done.screen)) <= 80
    assert "a recogniser hears" in " ".join(done.text.split())
    assert "All is well" in done.screen[-1]
    assert "failed" not in done.text
    assert "\x1b[32mok" in done.stdout


def test_a_machine_without_a_key(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _no_such_host)
    assert run(["doctor", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    found = {check["name"]: check for check in document["checks"]}
    assert document["ok"] is False
    assert all(sorted(check) == ["advice", "message", "name", "status"] for check in found.values())
    assert all(check["advice"] for check in found.values() if check["status"] == "failed")
    assert (found["Key"]["status"], found["Name"]["status"]) == ("failed", "failed")
    assert "api.deepgram.com" in found["Name"]["message"]
    assert "TCP" not in found


def _no_such_host(*args: object, **kwargs: object) -> object:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_a_key_that_is_refused(
    api: Canned, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEEPGRAM_API_KEY", "secret-key")
    api.refusal = (401, "INVALID_AUTH", "Invalid credentials.")
    assert run(["doctor", "--base-url", api.url]) == 1
    printed = capsys.readouterr().out
    lines = {
        line[9:19].strip(): line for line in printed.splitlines() if line[:7].strip() in ("ok", "warning", "failed")
    }
    assert lines["Key"].startswith("ok ")
    assert lines["TCP"].startswith("ok ")
    assert lines["Clock"].startswith("ok ")
    assert "INVALID_AUTH" in lines["Accepted"]
    assert lines["WebSocket"].startswith("failed")
    assert "2 checks failed" in printed
    assert "secret-key" not in printed


def test_a_key_file(tmp_path: Path) -> None:
    target = Target.of("https://api.deepgram.com")
    path = tmp_path / "key"
    assert check_credentials(Settings(api_key_file=path), target).status == "failed"
    path.write_text("abc")
    assert check_credentials(Settings(api_key_file=path), target).status == "ok"
    assert check_credentials(Settings(), target).status == "failed"
    assert check_credentials(Settings(), Target.of("http://127.0.0.1:8080")).status == "warning"


def test_settings_that_cannot_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--base-url", "ftp://example.com"]) == 1
    assert "base_url must be like" in capsys.readouterr().out


def test_nobody_listens(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert run(["doctor", "--base-url", f"http://127.0.0.1:{closed.getsockname()[1]}"]) == 1
    printed = capsys.readouterr().out
    assert "Connection refused" in printed
    assert "HTTP" not in printed.replace("HTTPS_PROXY", "").replace("httpx", "")


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Answer connections, one after another, until the block is left."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    try:
                        answer(connection)
                    except OSError:
                        continue  # the client does not like the certificate

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def https(authority: trustme.CA, days: int, date: str) -> Callable[[socket.socket], None]:
    """An HTTPS server, whose certificate ends in so many days, and whose clock says so."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    until = datetime.now(timezone.utc) + timedelta(days=days, hours=1)
    authority.issue_cert("localhost", not_after=until).configure_cert(context)
    head = f"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\ndate: {date}\r\n\r\n".encode()

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            if tls.recv(65536):
                tls.sendall(head)

    return answer


@pytest.mark.parametrize(("days", "tls"), [(30, "ok"), (3, "warning")])
def test_certificates_and_clocks(days: int, tls: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = trustme.CA(organization_name="Trust Inc.")
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with listening(https(authority, days, "Sat, 31 Jan 2026 12:00:00 GMT")) as port:
        found = examine(Target.of(f"https://localhost:{port}"))
    assert found["TLS"].status == tls, found
    assert "issued by Trust Inc." in found["TLS"].message
    assert (f"{days} days left" in found["TLS"].message) is (tls == "warning")
    assert found["Clock"].status == "warning"
    assert "ahead of the server's" in found["Clock"].message


def test_a_certificate_that_nobody_knows() -> None:
    with listening(https(trustme.CA(), 30, "now")) as port:
        found = examine(Target.of(f"https://localhost:{port}"))
    assert found["TLS"].status == "failed"
    assert "not trusted" in found["TLS"].message
    assert "Clock" not in found


def test_a_server_without_tls() -> None:
    with listening(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        found = examine(Target.of(f"https://localhost:{port}"))
    assert found["TLS"].status == "failed"


def test_a_server_that_does_not_tell_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(connection: socket.socket) -> None:
        if connection.recv(65536):
            connection.sendall(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")

    with listening(answer) as port:
        found = examine(Target.of(f"http://localhost:{port}"))
    assert found["Clock"] == Check("Clock", "warning", "the server does not tell the time")


def test_a_proxy_is_what_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://user:password@127.0.0.1:1")
    found = examine(Target.of("https://api.deepgram.com"))
    assert found["Proxy"].message == "127.0.0.1:1"
    assert found["TCP"].status == "failed"
    assert "password" not in str(found)


def test_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypercorn", None)
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    monkeypatch.setitem(sys.modules, "wsproto", None)
    assert checks.check_extras(local=False).status == "ok"
    extras = checks.check_extras(local=True)
    assert (extras.status, extras.advice) == ("failed", 'pip install "deepgram-anyio[local]"')
    assert checks.check_sound().status == "warning"
    assert checks.check_packages() == Check(
        "Packages", "failed", "missing: wsproto", "pip install --upgrade deepgram-anyio"
    )


def test_an_old_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    assert checks.check_python().status == "failed"


def test_a_server_that_stays_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_checks, "_PATIENCE_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert examine(Target.of(f"http://localhost:{port}"))["HTTP"].status == "failed"
        found = examine(Target.of(f"https://localhost:{port}"))["TLS"]
    assert (found.status, found.message) == ("failed", "no answer within 0.1 s")
