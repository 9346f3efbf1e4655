"""Every block of code in the README of deepgram-sdk v4 runs as written against the embedded server.

Changed are the import line and what a reader has to fill in: keys, identifiers, addresses, file names; and where the
README stops in the middle of a function, a body for it.
"""

from __future__ import annotations

import http.server
import logging
import re
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deepgram_anyio.local import serve
from deepgram_anyio.local import server as server_module
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.local.rest.accounts import MemberRecord
from deepgram_anyio.local.state import ServerState
from deepgram_anyio.protocol.wav import wav_header
from deepgram_anyio.sync.loop import event_loop_thread

from ..shared import shared

WORDS = "a spacewalk in twenty nineteen"


def blocks() -> list[str]:
    path = Path(__file__).parents[3] / "shared" / "reference" / "v4_README.md"
    if not path.exists():
        return []
    return re.findall(r"^```python\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)


BLOCKS = blocks()


def recording() -> bytes:
    samples = b"".join(ToneVoice().synthesize("Hm hm hm hm."))
    return wav_header(sample_rate=16000, data_bytes=len(samples)) + samples


class _Web(http.server.BaseHTTPRequestHandler):
    """Somebody's recording, and somebody's webhook."""

    def do_GET(self) -> None:
        self._answer(recording())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b"")
        self.server.called_back.set()  # type: ignore[attr-defined]

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def web() -> Iterator[Any]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Web) as server:
        server.called_back = threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def namespace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """What the reader of a block has around it, with a server of its own to work on."""
    states: list[ServerState] = []

    class Kept(ServerState):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            states.append(self)

    monkeypatch.setattr(server_module, "ServerState", Kept)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "audio.wav").write_bytes(recording())
    serving = serve(recognizer=ScriptedRecognizer([WORDS]), voice=ToneVoice(), allow_private_urls=True)
    with event_loop_thread().enter(serving) as server:
        monkeypatch.setenv("DEEPGRAM_HOST", server.url)
        monkeypatch.setenv("DEEPGRAM_API_KEY", "key-of-the-reader")
        yield _filled_in(server.project_id, states[0])


def _filled_in(project_id: str, state: ServerState) -> dict[str, Any]:
    from deepgram_anyio.sync import DeepgramClient

    deepgram = DeepgramClient()
    manage = deepgram.manage.v1
    member = MemberRecord(
        member_id=str(uuid.uuid4()), email="b@example.com", first_name="B", last_name="C", scopes=["member"]
    )
    project = state.store.accounts.project(project_id, state.store.accounts.nobody)
    assert project is not None
    project.members[member.member_id] = member
    manage.members.update_scope(project_id, member.member_id, "owner")  # so that the other may leave
    manage.invites.send(project_id, "a@example.com", "member")
    deepgram.speak.v1.generate("Hello.")
    key = manage.keys.create(project_id, "reader", ["member"])
    stored = deepgram.selfhosted.v1.credentials.create(project_id, "reader")
    assert stored.distribution_credentials is not None
    credentials = stored.distribution_credentials.distribution_credentials_id
    return {
        "deepgram": deepgram,
        "logging": logging,
        "email": "a@example.com",
        "memberId": member.member_id,
        "MemberId": member.member_id,
        "myKeyId": key.api_key_id,
        "ModelId": (manage.models.list(project_id).stt or [])[0].uuid,
        "RequestId": manage.requests.list(project_id)[0].request_id,
        "distributionCredentialsId": credentials,
        "distributionCredentialId": credentials,
        "options": OPTIONS,
        "dg_response": deepgram.listen.rest.v("1").transcribe_file({"buffer": recording()}),
        **dict.fromkeys(("myProjectId", "projectId", "project_id"), project_id),
    }


OPTIONS = {"name": "Renamed", "comment": "c", "scopes": ["member"], "scope": "member", "email": "c@example.com"}
"""What fits the calls that take options, of which the README names none."""


HANDLER = "def handle_audio(data):\n    received.append(data)\n"
IMPORT = "from deepgram_anyio.sync import DeepgramClient, DeepgramClientOptions"


def as_a_reader_would(block: str, web: Any) -> str:
    """Fill in what a reader has to."""
    address = f"http://127.0.0.1:{web.server_address[1]}"
    changes = {
        r"\bfrom deepgram import\b": "from deepgram_anyio.sync import",
        "YOUR_API_KEY": "key-of-the-reader",
        "https://dpgr.am/spacewalk.wav": f"{address}/spacewalk.wav",
        "https://your-callback-url.com/webhook": f"{address}/webhook",
        "path/to/your/audio.wav": "audio.wav",
        r"^ response": "response",
        # A decorator without a function is no Python: what it is for stands in the comment above it.
        r"^(@connection\.on\(SpeakWebSocketEvents\.AudioData\))\n$": rf"\1\n{HANDLER}",
        # The blocks about logging name classes without importing them.
        r"^(config|deepgram): DeepgramClient": rf"{IMPORT}\n\g<0>",
    }
    for old, new in changes.items():
        block = re.sub(old, new, block, flags=re.MULTILINE)
    return block


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the README opens files without closing them
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_runs(number: int, namespace: dict[str, Any], web: Any) -> None:
    received: list[bytes] = []
    namespace["received"] = received
    web.called_back.clear()
    if "create_selfhosted" in BLOCKS[number]:
        namespace["options"] = {"comment": "c", "scopes": ["self-hosted:products"]}
    code = as_a_reader_would(BLOCKS[number], web)
    exec(compile(code, f"block {number}", "exec"), namespace)
    if "response = " in code:
        assert namespace["response"] is not None
    if "callback_url" in code:
        assert namespace["response"].request_id
        assert web.called_back.wait(20)
    if "transcribe_" in code and "async" not in code:
        assert namespace["response"].results.channels[0].alternatives[0].transcript == WORDS
    if "captions = " in code:
        assert "spacewalk" in namespace["captions"]
    if "handle_audio" in code:
        assert sum(map(len, received)) > 16_000
    if "output.mp3" in code:
        assert Path("output.mp3").stat().st_size > 500


def test_the_blocks_were_found() -> None:
    shared("reference/v4_README.md")
    assert len(BLOCKS) == 44
