"""What a wheel contains, what it depends on, and what the installed command does."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from unsc_core.commands import app, cli
from unsc_core.paths import APP

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DECLARED = {
    requirement.name: requirement for requirement in map(Requirement, PROJECT["dependencies"])
}
SOURCES = [ROOT / "app.py", *(ROOT / "pages").rglob("*.py"), *(ROOT / "unsc_core").rglob("*.py")]
UNUSED_AT_RUN_TIME = ("screenshots", "measured")
"""Folders of assets that neither the app nor the core reads."""


def _imported() -> set[str]:
    """The top-level modules that app, pages and core import, anywhere in a file."""
    found: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"unsc_core", "pages"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


NEEDED_BY_DISTRIBUTED = {"cryptography"}
"""For the certificate of `Security.temporary`; distributed does not declare it."""


def test_dependencies_are_what_is_imported() -> None:
    distributions = packages_distributions()
    imported = {distributions[module][0].lower() for module in _imported()}
    assert imported | NEEDED_BY_DISTRIBUTED == set(DECLARED)


def test_tested_versions_are_allowed_and_complete() -> None:
    pins = dict(line.split("==") for line in (ROOT / "requirements.txt").read_text().split())
    assert set(pins) == set(DECLARED)
    assert all(version in DECLARED[name].specifier for name, version in pins.items())


def test_wheel_has_the_whole_app_and_no_other_top_level_package(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {"app.py", ".streamlit/config.toml"}
    for folder in ("pages", "assets"):
        wanted |= {str(p.relative_to(ROOT)) for p in (ROOT / folder).rglob("*") if p.is_file()}
    wanted = {
        f"unsc_core/_app/{name}"
        for name in wanted
        if "__pycache__" not in name
        and not name.startswith(tuple(f"assets/{f}" for f in UNUSED_AT_RUN_TIME))
    }
    core = {str(p.relative_to(ROOT)) for p in (ROOT / "unsc_core").rglob("*") if p.is_file()}
    core = {name for name in core if "__pycache__" not in name}
    metadata = {name for name in names if re.match(r"unsc_lab-[^/]+\.dist-info/", name)}
    assert names - metadata == wanted | core
    assert wheel.stat().st_size <= 20e6


def test_wheel_runs_where_no_checkout_is(wheel: Path, tmp_path: Path) -> None:
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    zipfile.ZipFile(wheel).extractall(site)
    code = (
        "from unsc_core.data import load_dataset; from unsc_core.paths import APP, ASSETS;"
        "print(APP, ASSETS.is_dir(), len(load_dataset('fashion-mnist-mini').y_train))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=empty,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(site / "unsc_core" / "_app"), "True", "10000"]
    (entry_points,) = site.glob("*.dist-info/entry_points.txt")
    assert "unsc-lab = unsc_core.commands.app:main" in entry_points.read_text()


def test_app_lies_beside_its_streamlit_config() -> None:
    """Streamlit reads the config beside the script, whatever the working folder is."""
    assert (APP / "app.py").is_file()
    assert tomllib.loads((APP / ".streamlit" / "config.toml").read_text())["theme"]


@pytest.mark.parametrize("options", [[], ["--server.port", "8600"]], ids=str)
def test_no_command_starts_the_app(monkeypatch: pytest.MonkeyPatch, options: list[str]) -> None:
    class Replaced(BaseException):
        """The process would be another one from here on."""

    def execv(program: str, arguments: list[str]) -> None:
        raise Replaced(program, arguments)

    monkeypatch.setattr(os, "execv", execv)
    with pytest.raises(Replaced) as started:
        app.main(options)
    program, arguments = started.value.args
    assert program == sys.executable
    assert arguments[-len(options) - 2 :] == ["run", str(APP / "app.py"), *options]


@pytest.mark.parametrize("name", ["datasets", "models", "methods"])
def test_a_command_is_run_as_by_python_m(capsys: pytest.CaptureFixture[str], name: str) -> None:
    printed = []
    for main in (app.main, cli.main):
        assert main([name, "--json"]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]


def test_help_names_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        app.main(["--help"])
    assert "usage: unsc-lab" in capsys.readouterr().out
