"""Hostile command lines: an exit code and one sentence, whatever is typed."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.harmless import TEXTS, harmless
from unsc_core.commands.cli import main

CASES = settings(max_examples=150, deadline=None, database=None)
MANY = "9" * 5000
KEY = "0" * 20
BLOBS = ("--dataset=blobs", "--device=cpu", "--training-epochs=1", "--epochs=1")
RUNS: dict[str, str] = {
    "--dataset": "blobs" + ":validation" * 5000,
    "--dataset=": "",
    "--dataset=.": "/",
    "--dataset=a": "~nobody-has-this-name/x.npz",
    "--dataset=b": "a" * 10_000,
    "--dataset=c": "caf\udce9.npz",
    "--dataset=d": "/dev/null",
    "--model": "mlp-99999999999999999999",
    "--model=a": "mlp--1",
    "--model=b": "mlp-0",
    "--model=c": f"mlp-{MANY}",
    "--model=d": "/nowhere/net.py:make",
    "--model=e": "net.py:",
    "--model=f": ".py:a",
    "--model=g": "caf\udce9",
    "--forget": "-1",
    "--forget=a": MANY,
    "--forget=b": "9" * 25,
    "--forget=c": "0,1,2,3",
    "--forget=d": "0.5",
    "--forget=e": "one",
    "--forget-ids": "/nowhere/ids.txt",
    "--forget-ids=a": "/",
    "--method": "nope",
    "--method=a": "<script>alert(1)</script>",
    "--method=b": "caf\udce9",
    "--energy-threshold": "nan",
    "--energy-threshold=a": "0",
    "--energy-threshold=b": "1e999",
    "--energy-threshold=c": ",".join(["0.9"] * 1000),
    "--energy-threshold=d": "γ",
    "--subspace": "both",
    "--moments-sample": "all",
    "--class-weights": "",
    "--learning-rate": "nan",
    "--learning-rate=a": "-1e308",
    "--learning-rate=b": "1e999",
    "--learning-rate=c": "fast",
    "--epochs": "0",
    "--epochs=a": "-1",
    "--epochs=b": "9" * 30,
    "--epochs=c": MANY,
    "--epochs=d": "1.5",
    "--strength": "nan",
    "--strength=a": "-1",
    "--strength=b": "1e999",
    "--training-epochs": "0",
    "--training-epochs=a": "9" * 30,
    "--checkpoint": "/nowhere/w.pt",
    "--checkpoint=a": "/",
    "--checkpoint=b": "/dev/null",
    "--checkpoint=c": "a" * 10_000,
    "--seeds": "",
    "--seeds=a": "-1",
    "--seeds=b": str(2**31),
    "--seeds=c": MANY,
    "--seeds=d": "0;1",
    "--seeds=e": "0x1F",
    "--device": "tpu",
    "--device=a": "cuda:99999999999",
    "--device=b": "cpu; rm -rf /",
}
"""An option, with anything after "=" to have it twice here, and its value."""
OTHERS: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "unknown": ("fly",),
    "null byte": ("\0",),
    "unknown option": ("run", "--fly"),
    "an option's name without end": ("run", "--" + "a" * 100_000),
    "half an option": ("run", "--energy"),
    "abbreviation of two": ("run", "--m=mlp"),
    "audit of odd models": ("audit", *BLOBS, "--shadow-models=3"),
    "audit of negative models": ("audit", *BLOBS, "--shadow-models=-2"),
    "audit of many models": ("audit", *BLOBS, f"--shadow-models={'9' * 30}"),
    "paper": ("paper", "no such row"),
    "paper of no method": ("paper", "cifar10", "--methods=nope"),
    "tune of no method": ("tune", "--methods=nope"),
    "tune of no class": ("tune", "--dataset=blobs", "--forget=99", "--methods=unsc"),
    "tune with NaN": ("tune", "--dataset=blobs", "--forget=0", "--factors=nan", "--methods=unsc"),
    "tune backwards": ("tune", "--dataset=blobs", "--forget=0", "--factors=-1", "--methods=unsc"),
    "tune of nowhere": ("tune", "--dataset=/nowhere"),
    "tune of seeds": ("tune", "--dataset=blobs", "--seeds=x"),
    "preset": ("prepare", "--preset=none"),
    "lesson": ("prepare", "--lesson=../../etc/passwd"),
    "lesson without end": ("prepare", "--lesson=" + "a" * 10_000),
    "lesson that is no text": ("prepare", "--lesson=caf\udce9"),
    "handout to nowhere": ("lessons", "--handout=/proc/nowhere/x.html"),
    "handout to a folder": ("lessons", "--handout=/"),
    "export of no key": ("export", "../../etc/passwd", "--out=/nowhere"),
    "export of a key": ("export", KEY, "--out=/proc/nowhere"),
    "export without out": ("export", KEY),
    "export of a long key": ("export", "0" * 10_000, "--out=x"),
    "export of a key that is no text": ("export", "\udce9", "--out=x"),
    "import of nothing": ("import", "/nowhere.zip"),
    "import of a folder": ("import", "/"),
    "import of a device": ("import", "/dev/null"),
    "import of a long name": ("import", "a" * 10_000),
    "import of this": ("import", __file__),
    "report of no key": ("report", "", "--out=x"),
    "report of a key": ("report", KEY, "--out=/proc/nowhere/x"),
    "lab to nowhere": ("export-lab", "--out=/proc/nowhere/x.html"),
    "lab to a folder": ("export-lab", "--out=/"),
    "assets of nothing": ("make-assets",),
}


def said(arguments: tuple[str, ...]) -> tuple[int, str, str]:
    """Exit code, output and errors of the command line."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
    err = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace", write_through=True)
    kept = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        code = main(arguments)
    except SystemExit as end:  # of argparse
        code = int(str(end.code))
    finally:
        sys.stdout, sys.stderr = kept
    return code, out.buffer.getvalue().decode(), err.buffer.getvalue().decode()  # type: ignore[attr-defined]


def check_refused(arguments: tuple[str, ...], folder: Path) -> None:
    with harmless(folder):
        code, out, err = said(arguments)
    assert (code, out) == (2, ""), (code, out[:500], err[-500:])
    assert "Traceback" not in err
    last = err.strip().splitlines()[-1]
    assert "error: " in last


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("option", RUNS)
def test_run_with_a_hostile_value(tmp_path: Path, option: str) -> None:
    given = f"{option.partition('=')[0]}={RUNS[option]}"
    method = "--method=null-space-erasure" if "strength" in option else "--method=unsc"
    check_refused(("run", *BLOBS, method, given), tmp_path)


@pytest.mark.parametrize("name", OTHERS)
def test_other_commands_with_hostile_values(tmp_path: Path, name: str) -> None:
    check_refused(OTHERS[name], tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"1,,2", b"1;2", b"-1", b"1e9", b"\xff\xfe1", b"9" * 30, b"9" * 6000, b"0 " * 9],
)
def test_files_of_samples(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ids.txt").write_bytes(content)
    if content in (b"1,,2", b"0 " * 9):  # as good as 1, 2 and 0
        return
    check_refused(("run", *BLOBS, f"--forget-ids={tmp_path / 'ids.txt'}"), tmp_path)


@CASES
@given(
    st.sampled_from(["run", "export", "report", "import", "lessons", "prepare", "paper", "audit"]),
    st.lists(
        st.one_of(
            st.sampled_from([text[:2000] for text in TEXTS.values()]),
            st.text(st.characters(codec="utf-8"), max_size=20),
        ),
        min_size=3,
        max_size=5,
    ),
)
def test_any_words(command: str, words: list[str]) -> None:
    code, out, err = said((command, *words))
    assert code == (0 if "-h" in words or "--help" in words else 2)
    assert "Traceback" not in err


def test_what_is_written_to_a_path_that_is_no_text_is_said(tmp_path: Path) -> None:
    """A folder from another system may have a name that is not UTF-8."""
    code, out, _ = said(
        ("export-lab", f"--out={os.fsdecode(os.fsencode(tmp_path))}/caf\udce9.html")
    )
    assert code == 0
    assert out.count("\n") == 1
    assert (tmp_path / "caf\udce9.html").is_file()
