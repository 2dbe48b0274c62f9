"""What the documentation shows works: the examples of every module, and the README's Python."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

import unsc_core

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "unsc_core"
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted(CORE.rglob("*.py"))
    if ">>> " in path.read_text()
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    outcome = doctest.testmod(
        importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_examples_are_there() -> None:
    layers = (
        "experiment.in_memory",
        "subspace.energy",
        "subspace.null_space",
        "analysis.evaluation",
    )
    assert {"unsc_core", *(f"unsc_core.{name}" for name in layers)} <= set(MODULES)


def test_readme_example_runs_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, *_ = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["numbers"]["unlearned"]["acc_forget"] < 10


@pytest.mark.parametrize("name", unsc_core.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(unsc_core, name) is not None


def test_no_other_name_is_made_up() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = unsc_core.nonsense
