"""A picture is decoded in a process that cannot take the server with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.test_picture import REFUSED, bytes_of, noise
from unsc_core.data import picture_process
from unsc_core.data.picture import KEPT_SIDE, MAX_BYTES, opened
from unsc_core.data.picture_process import _limit, opened_apart
from unsc_core.errors import DataError
from unsc_core.paths import APP


@pytest.mark.parametrize(
    "content",
    [
        bytes_of(noise(28, 28)),
        bytes_of(noise(30, 40, 3), "JPEG"),
        bytes_of(noise(30, 40, 4), "WEBP"),
        bytes_of(Image.new("RGB", (2 * KEPT_SIDE, 3), "red"), "BMP"),
    ],
    ids=["grey", "JPEG", "transparent WebP", "wide"],
)
def test_the_picture_is_the_same(content: bytes) -> None:
    here, apart = opened(content, "mine"), opened_apart(content, "mine")
    assert np.array_equal(here.pixels, apart.pixels)
    assert (here.size, here.notes) == (apart.size, apart.notes)


@pytest.mark.parametrize("content", [REFUSED["text"][0], b"", bytes(MAX_BYTES + 1)], ids=len)
def test_what_is_refused_is_refused_with_the_same_sentence(content: bytes) -> None:
    name = 'a\nname "of" a\0file \ud800'
    with pytest.raises(DataError) as here:
        opened(content, name)
    with pytest.raises(DataError) as apart:
        opened_apart(content, name)
    assert str(here.value) == str(apart.value)


def test_a_process_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_process, "SECONDS", 0.001)
    with pytest.raises(DataError, match="mine could not be decoded within"):
        opened_apart(bytes_of(noise(28, 28)), "mine")


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"{}",
        b"\x80\x04.",
        b'{"size": [1, 1], "shape": [1, 1, 3], "notes": []}\nab',
        b'{"size": [1, 1], "shape": [3, 1, 1], "notes": []}\nabc',
        b'{"size": [1], "shape": [1, 1, 3], "notes": []}\nabc',
        b'{"size": [1, 1], "shape": [1, 1025, 3], "notes": []}\n' + bytes(3 * 1025),
        b"[]",
        b'"refused"',
    ],
    ids=range(9),
)
def test_what_a_broken_process_writes_is_no_picture(
    monkeypatch: pytest.MonkeyPatch, written: bytes
) -> None:
    monkeypatch.setattr(picture_process, "_asked", lambda question: written)
    with pytest.raises(DataError, match="mine could not be decoded within"):
        opened_apart(b"something", "mine")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits are Linux's")
@pytest.mark.parametrize(
    ("attempt", "end"),
    [
        ("bytearray(3 << 30)", "MemoryError"),
        ("open('written', 'wb', 0).write(b'a')", "File too large"),
    ],
)
def test_the_process_has_little(tmp_path: Path, attempt: str, end: str) -> None:
    code = f"from {_limit.__module__} import _limit; _limit(); {attempt}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(APP)},
    )
    assert done.returncode
    assert end in done.stderr
