"""The README's recipes for a method, a dataset and a model: one new file is all it takes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from unsc_core.data import DATASETS
from unsc_core.methods import LISTED
from unsc_core.models import MODELS

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"As `(unsc_core/\w+/\w+\.py)`:\n\n```py\n(.*?)```", re.DOTALL)
FILES: dict[str, str] = dict(BLOCK.findall((ROOT / "README.md").read_text()))


@dataclass(frozen=True)
class Recipe:
    """What a recipe adds, and a request that uses it."""

    listing: str
    name: str
    present: tuple[str, ...]
    request: tuple[str, ...]


RECIPES = {
    "unsc_core/methods/funnel.py": Recipe(
        "methods", "funnel", tuple(LISTED), ("--dataset=blobs", "--method=funnel")
    ),
    "unsc_core/data/rings.py": Recipe("datasets", "rings", tuple(DATASETS), ("--dataset=rings",)),
    "unsc_core/models/tiny_cnn.py": Recipe(
        "models", "tiny-cnn", tuple(MODELS), ("--dataset=digits", "--model=tiny-cnn")
    ),
}


def test_every_recipe_of_the_readme_is_run() -> None:
    assert set(FILES) == set(RECIPES)


@pytest.mark.parametrize("file", RECIPES)
def test_a_recipe_is_short_and_names_a_new_file(file: str) -> None:
    assert not (ROOT / file).exists()
    assert len([line for line in FILES[file].splitlines() if line.strip()]) <= 15


@dataclass(frozen=True)
class Copy:
    """A copy of the package with the file of one recipe, and nothing else, added to it."""

    root: Path
    recipe: Recipe

    def python(self, *arguments: str) -> str:
        """What a fresh process prints that runs in the copy."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=os.environ | {"UNSC_HOME": str(self.root / "home")},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module", params=RECIPES)
def copy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "unsc_core", root / "unsc_core", ignore=lambda *_: {"__pycache__"})
    (root / "assets").symlink_to(ROOT / "assets")
    (root / request.param).write_text(FILES[request.param])
    return Copy(root, RECIPES[request.param])


def test_the_command_line_lists_it(copy: Copy) -> None:
    listed = json.loads(copy.python("-m", "unsc_core", copy.recipe.listing, "--json"))
    assert set(listed) == {*copy.recipe.present, copy.recipe.name}
    assert [name for name in listed if name != copy.recipe.name] == list(copy.recipe.present)
    assert copy.recipe.name in copy.python("-m", "unsc_core", copy.recipe.listing)


def test_listing_it_loads_no_torch(copy: Copy) -> None:
    code = "import sys, unsc_core.methods, unsc_core.data, unsc_core.models; print(*sys.modules)"
    assert "torch" not in copy.python("-c", code).split()


def test_an_experiment_runs_with_it(copy: Copy) -> None:
    arguments = ("--training-epochs=5", "--epochs=2", "--device=cpu", "--json")
    said = json.loads(copy.python("-m", "unsc_core", "run", *copy.recipe.request, *arguments))
    for option in copy.recipe.request:
        name, _, value = option.removeprefix("--").partition("=")
        assert said["config"][name] == value
    (seed,) = said["seeds"]
    assert seed["unlearned"] != seed["original"]
