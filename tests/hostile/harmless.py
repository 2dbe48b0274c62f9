"""What hostile input may do: give a value or one sentence, within seconds, and nothing else."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bad_inputs import MARK, MakesAFolder
from unsc_core.errors import UnscError

LONGEST_S = 5.0
"""Of processor time."""
LONGEST_SENTENCE = 600
TEXTS = {
    "nothing": "",
    "blank": " \t\n",
    "script": "<script>alert(1)</script>",
    "picture that runs": "<img src=x onerror=alert(1)>",
    "picture elsewhere": "![x](https://example.invalid/x.png)",
    "link that runs": "[x](javascript:alert(1))",
    "templates": "${7*7} {{7*7}} {0.__class__} %s %n",
    "query": "'; DROP TABLE rooms; --",
    "climbing path": "../../etc/passwd",
    "absolute path": "/etc/passwd",
    "path of nobody": "~nobody-has-this-name/x",
    "program": "net.py:make",
    "null byte": "a\x00b",
    "control characters": "\x1b[31m\x07\r\n",
    "turned": "\u202egnp.exe",
    "other digits": "١٢,²",
    "commas": ",,,",
    "list in a list": "1,[2,3]",
    "negative": "-1",
    "infinite": "1e999",
    "no number": "nan",
    "large number": "9" * 25,
    "number of many digits": "9" * 5000,
    "long": "a" * 100_000,
    "deep": "[" * 50_000,
    "validation of validation": "blobs" + ":validation" * 5000,
    "emoji": "🙂\u200d" * 20,
}
"""Texts for every place that takes a text."""


@contextmanager
def harmless(folder: Path) -> Iterator[None]:
    """Within this context nothing is written to `folder` outside `home` in it, and time is short.

    Whatever a hostile file would make if code in it ran has to be made in `folder`.
    """
    before, began = _outside(folder), time.process_time()
    yield
    assert time.process_time() - began < LONGEST_S
    assert _outside(folder) == before


def _outside(folder: Path) -> set[Path]:
    home = folder / "home"
    return {path for path in folder.rglob("*") if path != home and home not in path.parents}


def value_or_sentence(act: Callable[[], Any]) -> Any:
    """What `act` returns, or the sentence of the UnscError that it raises; nothing else is."""
    try:
        return act()
    except UnscError as error:
        check_sentence(str(error))
        return str(error)


def refused(act: Callable[[], Any]) -> str:
    """The sentence with which `act` refuses."""
    try:
        found = act()
    except UnscError as error:
        check_sentence(str(error))
        return str(error)
    raise AssertionError(f"this was not refused, but gave {str(found)[:200]}")


def check_sentence(text: str) -> None:
    """Whether a page can show it: one line of a few words, and what to do."""
    assert 10 < len(text) < LONGEST_SENTENCE, text[:2000]
    assert text.encode()
    assert not any(ord(c) < 32 for c in text), repr(text)
    assert text[-1] in ".):", text


def with_code(folder: Path, protocol: int = 4) -> bytes:
    """A pickle that makes a folder in `folder` when it is loaded."""
    return pickle.dumps(MakesAFolder(str(folder / MARK)), protocol=protocol)
