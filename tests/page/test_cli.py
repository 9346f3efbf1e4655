"""``serve`` with and without its page."""

from __future__ import annotations

import json

import httpx
import pytest

from ..cli.terminal import run, start


@pytest.mark.parametrize(
    ("options", "shown"),
    [((), True), (("--no-page",), False), (("--host", "0.0.0.0"), False), (("--page", "--api-key", "k"), True)],
)
def test_the_page_is_there_or_not(options: tuple[str, ...], shown: bool) -> None:
    with start("serve", "--port", "0", "--json", *options, tty=False) as program:
        program.wait_for("}\n")
        told = json.loads(program.stdout)
        assert told["page"] is shown
        assert httpx.get(told["url"], trust_env=False).status_code == (200 if shown else 404)
        program.interrupt()
        program.finish()


def test_who_starts_it_learns_of_the_page() -> None:
    with start("serve", "--port", "0", tty=False) as program:
        program.wait_for("live captions")
        program.interrupt()
        program.finish()


def test_a_page_for_everyone_on_the_network_is_refused() -> None:
    done = run("serve", "--port", "0", "--host", "0.0.0.0", "--page", tty=False)
    assert done.code == 2
    assert "api_keys" in done.stderr
