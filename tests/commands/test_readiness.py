"""`prepare --check`: what it finds on a machine that is ready, and on one that is not."""

from __future__ import annotations

import importlib.metadata
import io
import socket
from collections import namedtuple
from pathlib import Path

import psutil
import pytest

from unsc_core.commands import readiness
from unsc_core.commands.readiness import PARTS, Finding, check


def told(monkeypatch: pytest.MonkeyPatch, *parts: Finding | Exception) -> tuple[int, str]:
    def part(one: Finding | Exception):
        def what() -> Finding:
            if isinstance(one, Exception):
                raise one
            return one

        return what

    out = io.StringIO()
    monkeypatch.setattr(readiness, "PARTS", [part(one) for one in parts])
    return check(out), out.getvalue()


def test_every_part_says_something_of_this_machine(home: Path) -> None:
    out = io.StringIO()
    code = check(out)
    lines = out.getvalue().splitlines()
    for part in PARTS:
        (line,) = (one for one in lines if one[2:].startswith(part.__name__))
        assert len(line) > 20
    assert code == 2  # nothing is prepared in a new folder
    assert len(lines) < 24
    assert "run prepare" in out.getvalue()
    assert not list(home.glob("*"))  # it computes and keeps nothing


def test_nothing_to_do_is_code_0(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, Finding("fine"), Finding("good"))[0] == 0
    code, text = told(monkeypatch, Finding("fine"), Finding("full", "make room"))
    assert code == 2
    assert "→ make room" in text
    assert "1 thing to do first." in text


def test_little_memory_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    found = namedtuple("found", "available total")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: found(1e9, 8e9))
    assert "1.0 of 8.0 GB" in readiness.memory().text
    assert "close other programs" in readiness.memory().todo
    monkeypatch.setattr(psutil, "virtual_memory", lambda: found(6e9, 8e9))
    assert not readiness.memory().todo


def test_a_full_disk_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(readiness.shutil, "disk_usage", lambda folder: usage(1e8))
    assert "0.1 GB are free" in readiness.disk().text
    assert "free at least" in readiness.disk().todo


def test_a_port_in_use_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setattr(readiness, "PORT", other.getsockname()[1])
        monkeypatch.setattr(readiness, "_streamlit_answers", lambda: False)
        assert "--server.port" in readiness.port().todo
        monkeypatch.setattr(readiness, "_streamlit_answers", lambda: True)
        assert not readiness.port().todo
    assert "free" in readiness.port().text


def test_another_version_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not readiness.versions().todo
    version = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata,
        "version",
        lambda name: "1.0.0" if name == "streamlit" else version(name),
    )
    assert "streamlit 1.0.0, not" in readiness.versions().text
    assert readiness.versions().todo
