"""Every operation, from the client to the embedded server and back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from deepgram_anyio import DeepgramClient, errors
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.protocol.rest.operations import OPERATIONS
from deepgram_anyio.protocol.wav import wav_header
from deepgram_anyio.services.backend import Backend

pytestmark = pytest.mark.anyio

WORDS = "the people of the united states"


def recording() -> bytes:
    samples = b"".join(ToneVoice().synthesize("Hm hm hm. Hm hm."))
    return wav_header(sample_rate=16000, data_bytes=len(samples)) + samples


@asynccontextmanager
async def local_client(**options: Any) -> AsyncIterator[DeepgramClient]:
    async with DeepgramClient.local(recognizer=ScriptedRecognizer([WORDS, WORDS]), voice=ToneVoice(), **options) as dg:
        yield dg


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The calls of the operations that the client made."""
    names: set[str] = set()
    plain: Any = Backend._request

    def noting(self: Backend, operation: Any, *rest: Any) -> Any:
        names.add(operation.call)
        return plain(self, operation, *rest)

    monkeypatch.setattr(Backend, "_request", noting)
    return names


async def test_every_operation(called: set[str]) -> None:
    await make_every_call()
    assert {operation.call for operation in OPERATIONS} - called == set()


async def make_every_call() -> None:
    async with local_client() as dg:
        (project,) = await dg.manage.v1.projects.list()
        assert project.project_id is not None
        await media(dg)
        await keys_and_people(dg, project.project_id)
        await what_was_used(dg, project.project_id)
        await agents(dg, project.project_id)
        await credentials(dg, project.project_id)
        await models(dg, project.project_id)
        await the_project_itself(dg, project.project_id)
    async with local_client() as dg:
        (project,) = await dg.manage.v1.projects.list()
        await dg.manage.v1.projects.leave(project.project_id or "")


async def media(dg: DeepgramClient) -> None:
    heard = await dg.listen.v1.transcribe_file(recording(), smart_format=True, utterances=True, tag="round")
    assert heard.transcript.lower().startswith("the people of the united states")
    assert heard.duration_s == pytest.approx(2.7, abs=0.05)
    assert heard.request_id == heard.metadata.request_id is not None
    assert heard.utterances
    assert heard.paragraphs
    speech = await dg.speak.v1.generate("Hello there.")
    assert speech.content_type == "audio/mpeg"
    assert speech.char_count == 12
    assert len(speech.audio) > 500
    flux = await dg.speak.v2.generate("Hello there.", encoding="linear16", container="wav", sample_rate=16000)
    assert flux.audio[:4] == b"RIFF"
    async with dg.speak.v1.stream("Hello there.", encoding="linear16", container="none", sample_rate=8000) as stream:
        assert len(b"".join([chunk async for chunk in stream])) == pytest.approx(0.6 * 16000 + 0.6 * 16000, rel=0.1)
    read = await dg.read.v1.analyze("I love this. It is wonderful, happy news.", sentiment=True, summarize=True)
    assert read.sentiment is not None
    assert read.sentiment.sentiment == "positive"
    token = await dg.auth.v1.grant_token(ttl_seconds=60)
    assert token.expires_in == 60
    assert (await dg.auth.v1.token_details()).scopes


async def keys_and_people(dg: DeepgramClient, project: str) -> None:
    manage = dg.manage.v1
    later = datetime.now(timezone.utc) + timedelta(days=1)
    made = await manage.keys.create(project, "round trip", ["member"], tags=["a"], expiration_date=later)
    assert made.key
    assert made.api_key_id is not None
    assert made.api_key_id in [entry.api_key.api_key_id for entry in await manage.keys.list(project) if entry.api_key]
    details = await manage.keys.get(project, made.api_key_id)
    assert details.key is not None
    assert details.key.comment == "round trip"
    await manage.keys.delete(project, made.api_key_id)
    with pytest.raises(errors.NotFoundError):
        await manage.keys.get(project, made.api_key_id)
    (member,) = await manage.members.list(project)
    assert member.member_id is not None
    assert (await manage.members.scopes(project, member.member_id)).scopes
    await manage.members.update_scope(project, member.member_id, "owner")
    with pytest.raises(errors.ApiError):
        await manage.members.remove(project, member.member_id)  # the last owner stays
    await manage.invites.send(project, "someone+else@example.com", "member")
    assert [invite.email for invite in await manage.invites.list(project)] == ["someone+else@example.com"]
    await manage.invites.delete(project, "someone+else@example.com")
    assert len(await manage.invites.list(project)) == 0


async def what_was_used(dg: DeepgramClient, project: str) -> None:
    manage = dg.manage.v1
    page = await manage.requests.list(project, limit=2)
    assert len(page) == 2
    found = [request async for request in manage.requests.iterate(project, limit=2)]
    assert len(found) == 5
    assert found[-1].path is not None
    assert found[-1].path.startswith("/v1/listen")
    one = await manage.requests.get(project, found[-1].request_id or "")
    assert one.request is not None
    assert one.request.code == 200
    assert (await manage.usage.summary(project)).resolution is not None
    assert (await manage.usage.fields(project)).tags == ["round"]
    by_endpoint = await manage.usage.breakdown(project, grouping="endpoint")
    counts = {entry.grouping.endpoint: entry.requests for entry in by_endpoint if entry.grouping}
    assert counts == {"listen": 1, "speak": 3, "read": 1}
    (balance,) = await manage.billing.balances(project)
    assert (await manage.billing.balance(project, balance.balance_id or "")).balance_id == balance.balance_id
    await manage.billing.breakdown(project, grouping=["line_item"])
    assert (await manage.billing.fields(project)).line_items
    assert len(await manage.billing.purchases(project)) == 1


async def agents(dg: DeepgramClient, project: str) -> None:
    agent = dg.agent.v1
    assert "gpt-4o-mini" in [model.id for model in await agent.think_models()]
    made = await agent.configurations.create(project, {"greeting": "Hello."}, {"team": "speech"})
    assert made.config == {"greeting": "Hello."}
    changed = await agent.configurations.update(project, made.agent_id, {"team": "text"})
    assert changed.metadata == {"team": "text"}
    assert await agent.configurations.get(project, made.agent_id) == changed
    assert [found.agent_id for found in await agent.configurations.list(project)] == [made.agent_id]
    await agent.configurations.delete(project, made.agent_id)
    assert len(await agent.configurations.list(project)) == 0
    variable = await agent.variables.create(project, "DG_VOICE", {"model": "aura-2-thalia-en"})
    changed_variable = await agent.variables.update(project, variable.variable_id, None)
    assert changed_variable.value is None
    assert (await agent.variables.get(project, variable.variable_id)).key == "DG_VOICE"
    assert len(await agent.variables.list(project)) == 1
    await agent.variables.delete(project, variable.variable_id)


async def credentials(dg: DeepgramClient, project: str) -> None:
    calls = dg.selfhosted.v1.credentials
    made = await calls.create(project, "ours", scopes=["self-hosted:products"])
    assert made.distribution_credentials is not None
    identifier = made.distribution_credentials.distribution_credentials_id or ""
    assert await calls.get(project, identifier) == made
    assert len(await calls.list(project)) == 1
    await calls.delete(project, identifier)
    assert len(await calls.list(project)) == 0


async def models(dg: DeepgramClient, project: str) -> None:
    for where in (None, project):
        found = await dg.manage.v1.models.list(where)
        assert found.stt
        assert found.tts
        model = await dg.manage.v1.models.get(found.stt[0].uuid or "", where)
        assert model == found.stt[0]


async def the_project_itself(dg: DeepgramClient, project: str) -> None:
    projects = dg.manage.v1.projects
    await projects.update(project, name="Renamed")
    assert (await projects.get(project)).name == "Renamed"
    await projects.delete(project)
    with pytest.raises(errors.NotFoundError):
        await projects.get(project)


async def test_a_wrong_key_an_unknown_project_and_a_bad_option() -> None:
    async with local_client(api_keys={"right"}) as dg:
        (project,) = await dg.manage.v1.projects.list()
        with pytest.raises(errors.NotFoundError, match="Project not found") as missing:
            await dg.manage.v1.keys.list("00000000-0000-4000-8000-00000000dead")
        assert missing.value.request_id
        with pytest.raises(errors.BadRequestError) as refused:
            await dg.manage.v1.requests.list(project.project_id or "", status="perhaps")
        assert refused.value.request_id
        async with DeepgramClient("wrong", base_url=dg.base_url) as stranger:
            with pytest.raises(errors.AuthenticationError) as unknown:
                await stranger.manage.v1.projects.list()
        assert (unknown.value.code, bool(unknown.value.request_id)) == ("INVALID_AUTH", True)
        token = await dg.auth.v1.grant_token()
        async with DeepgramClient(access_token=token.access_token, base_url=dg.base_url) as guest:
            assert (await guest.speak.v1.generate("Hello.")).audio
            with pytest.raises(errors.PermissionDeniedError):
                await guest.manage.v1.projects.list()
