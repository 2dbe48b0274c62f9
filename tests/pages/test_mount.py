"""Components on a page: what their scripts trigger is handled once, and never in vain."""

from __future__ import annotations

from typing import Any

import pytest

from pages.shared.components import mount


def test_an_event_of_a_component_that_is_gone_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[str, Any] = {}
    state: dict[str, Any] = {}
    done: list[Any] = []
    monkeypatch.setattr(mount, "_registered", lambda name, files: drawn.update)
    monkeypatch.setattr(mount.st, "session_state", state)
    mount.mount("bar", ("bar.js",), {}, on={"act": done.append})
    drawn["on_act_change"]()
    assert done == []
    state["component_bar"] = {"act": "leave"}
    drawn["on_act_change"]()
    assert done == ["leave"]
