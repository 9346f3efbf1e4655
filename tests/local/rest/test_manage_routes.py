"""Projects and who and what belongs to them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from deepgram_anyio.local.rest.accounts import MemberRecord
from deepgram_anyio.protocol.rest.models import Model, ModelList

from .app import LocalApp, local_app

pytestmark = pytest.mark.anyio

NOBODY = "0c9f3b1e-5d7a-4c42-9b57-2f6a1e8d3c40"


def add_member(app: LocalApp, scope: str) -> str:
    member = MemberRecord(
        member_id=str(uuid.uuid4()), email=f"{scope}@x.yz", first_name="", last_name="", scopes=[scope]
    )
    found = app.accounts.project(app.project_id, app.accounts.nobody)
    assert found is not None
    found.members[member.member_id] = member
    return member.member_id


async def test_a_project_is_read_renamed_and_deleted() -> None:
    async with local_app(api_keys=["right"]) as app:
        listed = await app.json("GET", "/v1/projects", "right")
        assert listed == {"projects": [{"project_id": app.project_id, "name": "Local"}]}
        await app.json("PATCH", "", "right", json={"name": "Ours"})
        await app.json("PATCH", "", "right", json={})
        assert (await app.json("GET", "", "right"))["name"] == "Ours"
        await app.refused(400, "PATCH", "", "right", json={"name": " "})
        await app.json("DELETE", "", "right")
        await app.refused(401, "GET", "", "right")


async def test_an_unknown_project_is_said_in_plain_text() -> None:
    async with local_app() as app:
        await app.json("DELETE", "")
        assert await app.json("GET", "/v1/projects") == {"projects": []}
        for path in ("", "keys", "agents", f"/v1/projects/{NOBODY}"):
            response = await app.ask("GET", path)
            assert (response.status_code, response.text) == (404, "Project not found")
            assert response.headers["content-type"].startswith("text/plain")
        await app.json("POST", "/v1/speak", json={"text": "still open"})


async def test_a_key_is_told_once() -> None:
    async with local_app(api_keys=["right"]) as app:
        body = {"comment": "for x", "scopes": ["member"], "tags": ["a"], "expiration_date": "2030-01-01T01:00:00+01:00"}
        made = await app.json("POST", "keys", "right", json=body)
        secret = made.pop("key")
        assert made["expiration_date"] == "2030-01-01T00:00:00Z"
        item = (await app.json("GET", f"keys/{made['api_key_id']}", "right"))["item"]
        assert item["member"]["api_key"] == {**made, "created": "2025-03-01T12:00:00Z"}
        assert len((await app.json("GET", "keys", "right"))["api_keys"]) == 2
        assert secret not in (await app.ask("GET", "keys", "right")).text
        for thing in (app.state.store, app.accounts, app.state.settings, vars(app.accounts)):
            assert secret not in repr(thing)
            assert "right" not in repr(thing)


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"scopes": ["emperor"]}, 400, "emperor"),
        ({"scopes": []}, 400, "scope"),
        ({"scopes": ["owner"]}, 403, "owner"),
        ({"comment": None}, 400, "comment"),
        ({"comment": 5}, 400, "comment"),
        ({"tags": "x"}, 400, "tags"),
        ({"expiration_date": "2030-01-01T00:00:00Z", "time_to_live_in_seconds": 5}, 400, "exclude"),
        ({"expiration_date": "2030-01-01T00:00:00"}, 400, "time zone"),
        ({"expiration_date": "2020-01-01T00:00:00Z"}, 400, "future"),
        ({"expiration_date": "0001-01-01T00:00:00+14:00"}, 400, "range"),
        ({"expiration_date": "9999-12-31T23:59:59-14:00"}, 400, "range"),
        ({"expiration_date": "soon"}, 400, "expiration_date"),
        ({"time_to_live_in_seconds": 10**18}, 400, "range"),
        ({"time_to_live_in_seconds": 0}, 400, "time_to_live_in_seconds"),
        ({"time_to_live_in_seconds": -5}, 400, "time_to_live_in_seconds"),
        ({"time_to_live_in_seconds": 1.5}, 400, "time_to_live_in_seconds"),
    ],
)
async def test_keys_that_cannot_be(changes: dict[str, Any], status: int, message: str) -> None:
    async with local_app() as app:
        admin = await app.new_key("admin")
        error = await app.refused(status, "POST", "keys", admin, json={"comment": "x", "scopes": ["member"], **changes})
        assert message in error["err_msg"]
        assert len((await app.json("GET", "keys"))["api_keys"]) == 2


async def test_members_come_and_go_but_one_owner_stays() -> None:
    async with local_app() as app:
        (owner,) = (await app.json("GET", "members"))["members"]
        assert (owner["email"], owner["scopes"]) == ("local@example.com", ["owner"])
        mine = f"members/{owner['member_id']}"
        for method, path, body in (
            ("DELETE", mine, None),
            ("PUT", f"{mine}/scopes", {"scope": "member"}),
        ):
            assert "owner" in (await app.refused(400, method, path, json=body))["err_msg"]
        guest = add_member(app, "member")
        assert "owner" in (await app.refused(400, "DELETE", "leave"))["err_msg"]
        await app.json("DELETE", f"members/{guest}")
        await app.refused(404, "DELETE", f"members/{guest}")
        other = add_member(app, "member")
        await app.json("PUT", f"members/{other}/scopes", json={"scope": "owner"})
        assert await app.json("GET", f"members/{other}/scopes") == {"scopes": ["owner"]}
        secret = await app.new_key()
        await app.json("DELETE", "leave", secret)
        await app.refused(401, "GET", "members", secret)
        assert [member["member_id"] for member in (await app.json("GET", "members"))["members"]] == [other]
        await app.refused(404, "POST", "keys", json={"comment": "x", "scopes": ["member"]})


async def test_who_is_alone_may_leave() -> None:
    async with local_app() as app:
        secret = await app.new_key()
        await app.json("DELETE", "leave")
        await app.refused(401, "GET", "members", secret)


async def test_nobody_gives_more_than_he_has() -> None:
    async with local_app() as app:
        other, admin = add_member(app, "member"), await app.new_key("admin")
        await app.refused(403, "PUT", f"members/{other}/scopes", admin, json={"scope": "owner"})
        await app.refused(403, "POST", "invites", admin, json={"email": "a@b.cc", "scope": "owner"})
        await app.json("PUT", f"members/{other}/scopes", admin, json={"scope": "admin"})
        await app.refused(400, "PUT", f"members/{other}/scopes", admin, json={"scope": "usage:write"})


@pytest.mark.parametrize("email", ["new@example.com", "with+plus/and/slash@example.com"])
async def test_invitations_are_sent_once_and_withdrawn(email: str) -> None:
    async with local_app() as app:
        await app.json("POST", "invites", json={"email": email, "scope": "admin"})
        await app.refused(409, "POST", "invites", json={"email": email.upper(), "scope": "member"})
        await app.refused(409, "POST", "invites", json={"email": "local@example.com", "scope": "member"})
        assert await app.json("GET", "invites") == {"invites": [{"email": email, "scope": "admin"}]}
        path = f"invites/{email.replace('/', '%2F').replace('+', '%2B')}"
        await app.json("DELETE", path)
        await app.refused(404, "DELETE", path)
        assert await app.json("GET", "invites") == {"invites": []}


@pytest.mark.parametrize(
    ("email", "scope"),
    [
        *((email, "member") for email in ("", "no address", "a@b", "a@b@c.de", "a@b.cc\n", "x" * 300 + "@b.cc")),
        *(("a@b.cc", scope) for scope in ("", "usage:write")),
    ],
)
async def test_invitations_that_cannot_be_sent(email: str, scope: str) -> None:
    async with local_app() as app:
        error = await app.refused(400, "POST", "invites", json={"email": email, "scope": scope})
    assert error["err_code"] == "PAYLOAD_ERROR"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "keys/x", None),
        ("DELETE", "keys/x", None),
        ("DELETE", f"members/{NOBODY}", None),
        ("GET", f"members/{NOBODY}/scopes", None),
        ("PUT", f"members/{NOBODY}/scopes", {"scope": "member"}),
        ("GET", "models/no-such-model", None),
        ("GET", "/v1/models/no-such-model", None),
        ("GET", "requests/x", None),
        ("GET", "balances/x", None),
        ("GET", "self-hosted/distribution/credentials/not-a-uuid", None),
        ("DELETE", f"self-hosted/distribution/credentials/{NOBODY}", None),
    ],
)
async def test_what_there_is_not(method: str, path: str, body: Any) -> None:
    async with local_app() as app:
        assert (await app.refused(404, method, path, json=body))["err_code"] == "NOT_FOUND"


async def test_models_are_listed_and_found_by_either_name() -> None:
    async with local_app() as app:
        found = ModelList(**(await app.json("GET", "/v1/models")))
        everything = await app.json("GET", "models", params={"include_outdated": "true"})
        for kind in ("stt", "tts"):
            recent = [Model(**entry) for entry in getattr(found, kind)]
            assert len({model.uuid for model in recent}) == len(recent) < len(everything[kind])
            for model in recent[:3]:
                assert Model(**(await app.json("GET", f"/v1/models/{model.uuid}"))) == model
                assert Model(**(await app.json("GET", f"models/{model.canonical_name}"))) == model
        for name, full in (("nova-3", "nova-3-general"), ("meeting", "base-meeting"), ("base", "base-general")):
            assert (await app.json("GET", f"models/{name}"))["canonical_name"] == full
        assert "nova-3-general" in {entry["canonical_name"] for entry in everything["stt"]}
        assert "aura-asteria-en" in {entry["canonical_name"] for entry in everything["tts"]}


async def test_distribution_credentials() -> None:
    path = "self-hosted/distribution/credentials"
    async with local_app() as app:
        plain = await app.json("POST", path)
        assert plain["distribution_credentials"]["scopes"] == ["self-hosted:products"]
        query = "?scopes=self-hosted:product:api&scopes=self-hosted:product:engine&provider=quay"
        made = await app.json("POST", path + query, json={"comment": "x"})
        assert made["distribution_credentials"]["scopes"] == ["self-hosted:product:api", "self-hosted:product:engine"]
        one = f"{path}/{made['distribution_credentials']['distribution_credentials_id']}"
        assert await app.json("GET", one) == made
        assert await app.json("GET", path) == {"distribution_credentials": [plain, made]}
        assert await app.json("DELETE", one) == made
        await app.refused(404, "GET", one)


async def test_agent_configurations() -> None:
    async with local_app() as app:
        made = await app.json("POST", "agents", json={"config": '{"listen": {}}', "metadata": {"a": "b"}})
        assert made["config"] == {"listen": {}}
        one = f"agents/{made['agent_id']}"
        app.clock.advance(days=1)
        changed = await app.json("PUT", one, json={"metadata": {"c": "d"}})
        assert changed == {**made, "metadata": {"c": "d"}, "updated_at": "2025-03-02T12:00:00Z"}
        assert await app.json("GET", one) == changed
        assert await app.json("GET", "agents") == {"agents": [changed]}
        assert await app.json("DELETE", one) == {}
        error = await app.refused(404, "GET", one)
        assert set(error) == {"category", "message", "details", "request_id"}


@pytest.mark.parametrize(
    "config", ["", "[]", "{", "null", '{"a": NaN}', '{"a":' * 80 + "1" + "}" * 80, "[" * 9999, '{"a":' * 9999]
)
async def test_a_configuration_is_the_json_text_of_an_object(config: str) -> None:
    async with local_app() as app:
        error = await app.refused(400, "POST", "agents", json={"config": config})
        assert error["category"] == "PAYLOAD_ERROR"
        assert "config" in error["message"]
        assert await app.json("GET", "agents") == {"agents": []}


@pytest.mark.parametrize("value", ["x", 1.5, 10**30, None, [], {"a": [None]}, False])
async def test_agent_variables_hold_any_value(value: Any) -> None:
    async with local_app() as app:
        made = await app.json("POST", "agent-variables", json={"key": "DG_NAME", "value": value})
        assert made["value"] == value
        one = f"agent-variables/{made['variable_id']}"
        await app.refused(409, "POST", "agent-variables", json={"key": "DG_NAME", "value": 1})
        assert (await app.json("PATCH", one, json={"value": [value]}))["value"] == [value]
        assert (await app.json("GET", "agent-variables"))["variables"] == [await app.json("GET", one)]
        assert await app.json("DELETE", one) == {}
        await app.refused(404, "PATCH", one, json={"value": 1})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"key": "NAME", "value": 1}, "key"),
        ({"key": "DG_name", "value": 1}, "key"),
        ({"key": "DG_X"}, "value"),
        ({"key": "DG_X", "value": 1, "api_version": 2}, "api_version"),
    ],
)
async def test_variables_that_cannot_be(body: Any, message: str) -> None:
    async with local_app() as app:
        assert message in (await app.refused(400, "POST", "agent-variables", json=body))["message"]


async def test_think_models_need_no_credential() -> None:
    async with local_app(api_keys=["right"]) as app:
        models = (await app.json("GET", "/v1/agent/settings/think/models"))["models"]
    assert {"id": "gpt-4o-mini", "name": "gpt-4o-mini", "provider": "open_ai"} in models
