"""Who may import whom, found out in fresh processes and in the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "unsc_core"
PAGES = ROOT / "pages"
LIGHT = (
    "config",
    "errors",
    "progress",
    "data",
    "data.own",
    "models",
    "models.own",
    "methods",
    "learning.edits",
    "experiment.artefacts",
    "experiment.machine",
    "experiment.result",
    "experiment.shipped",
    "experiment.store",
    "audits",
    "audits.excess",
    "audits.stored",
    "audits.verdict",
    "analysis.evaluation",
    "analysis.geometry",
    "analysis.replay",
    "analysis.summary",
    "course.evidence",
    "course.lesson_file",
    "course.quantities",
    "runs.history",
    "runs.exporting",
    "runs.archive",
    "runs.importing",
    "runs.report",
    "rooms",
    "jobs.cost",
    "jobs.engine",
    "jobs.worker",
    "commands.cli",
)


def loaded_by(module: str) -> set[str]:
    """Top-level packages in a fresh process that has imported `module`."""
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.split()
    )


def imports(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in it, spelled in full."""
    found = set()
    package = ".".join(path.relative_to(ROOT).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(
                filter(
                    None,
                    [
                        package.rsplit(".", node.level - 1)[0] if node.level else "",
                        node.module or "",
                    ],
                )
            )
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return found


def reaches(path: Path, *packages: str) -> set[str]:
    """The imports of a file that are, or lie in, one of `packages`."""
    return {
        name
        for name in imports(path)
        if any(name == p or name.startswith(p + ".") for p in packages)
    }


@pytest.mark.parametrize("module", ["unsc_core", *(f"unsc_core.{name}" for name in LIGHT)])
def test_light_modules_load_neither_screen_nor_torch(module: str) -> None:
    assert not loaded_by(module) & {
        "streamlit",
        "plotly",
        "umap",
        "torch",
        "torchvision",
        "sklearn",
    }


def test_experiment_loads_torch_and_no_screen() -> None:
    found = loaded_by("unsc_core.experiment.experiment")
    assert "torch" in found
    assert not found & {"streamlit", "plotly", "umap", "distributed"}


def test_null_space_knows_tensors_only() -> None:
    core = {
        name
        for name in imports(CORE / "subspace" / "null_space.py")
        if name.split(".")[0] not in sys.stdlib_module_names
    }
    assert {name.split(".")[0] for name in core} == {"torch", "unsc_core"}
    assert {name for name in core if name.startswith("unsc_core")} == {
        "unsc_core.subspace.energy",
        "unsc_core.subspace.energy.energy_rank",
    }


@pytest.mark.parametrize(
    "path", sorted(CORE.rglob("*.py")), ids=lambda path: str(path.relative_to(CORE))
)
def test_core_knows_no_screen(path: Path) -> None:
    assert not reaches(path, "streamlit", "pages", "app", "tests")
    if "figures" not in path.parts:
        assert not reaches(path, "plotly")


METHOD_FILES = sorted(
    path
    for path in (CORE / "methods").glob("*.py")
    if path.name not in ("__init__.py", "context.py", "entry.py")
)


@pytest.mark.parametrize("path", METHOD_FILES, ids=lambda path: path.name)
def test_methods_never_import_one_another(path: Path) -> None:
    assert all(
        name.startswith(("unsc_core.methods.context", "unsc_core.methods.entry"))
        for name in reaches(path, "unsc_core.methods")
    )


def test_walls_are_about_real_files() -> None:
    assert len(METHOD_FILES) >= 4
    assert (CORE / "figures").is_dir()


@pytest.mark.parametrize("path", sorted(CORE.glob("figures/*.py")), ids=lambda path: path.name)
def test_figures_know_no_network(path: Path) -> None:
    assert not reaches(
        path,
        "torch",
        "unsc_core.experiment.experiment",
        "unsc_core.learning",
        "unsc_core.experiment.store",
    )


@pytest.mark.parametrize(
    "path", sorted(PAGES.rglob("*.py")), ids=lambda path: str(path.relative_to(PAGES))
)
def test_pages_import_only_what_they_share(path: Path) -> None:
    assert all(
        name == "pages" or name.startswith("pages.shared") for name in reaches(path, "pages")
    )
    if "shared" in path.parts:
        assert not reaches(path, "app")


@pytest.mark.parametrize(
    "path",
    sorted({*CORE.rglob("*.py"), *PAGES.rglob("*.py")}),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_caches_of_the_screen_have_one_home(path: Path) -> None:
    if path.parent != PAGES / "shared" / "cache":
        assert "cache_data" not in path.read_text()
        assert "cache_resource" not in path.read_text()
