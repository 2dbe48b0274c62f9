"""Fixtures: a data folder per test, a shared store for costly runs, the command line."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Before torch is loaded. Small networks are fastest on one thread; spinning threads slow others.
os.environ.update({"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"})

import pytest
import torch
from xdist.scheduler import LoadScopeScheduling

from tests.e2e.server import prepare
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.store import Store


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests first: they take longest. GPU tests only where there is one.

    What waits for other processes is tried twice, as a busy machine may keep them waiting for
    longer than any limit; the summary lists it.
    """
    items.sort(key=lambda item: not _needs_browser(item.nodeid))
    for item in items:
        if item.nodeid.startswith(("tests/e2e/", "tests/jobs/")):
            item.add_marker(pytest.mark.flaky(reruns=1))
        if item.get_closest_marker("gpu") and not torch.cuda.is_available():
            item.add_marker(pytest.mark.skip(reason="no CUDA device on this machine"))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """One process runs all browser tests, which share a server; others share out the files."""

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "browser" if _needs_browser(nodeid) else nodeid.partition("::")[0]

    return ByFile(config, log)


def _needs_browser(nodeid: str) -> bool:
    return nodeid.startswith("tests/e2e/")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh data folder for each test."""
    folder = tmp_path / "home"
    monkeypatch.setenv("UNSC_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A temporary folder of all test processes of this session."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def shared_store(common: Path) -> Store:
    """One store for the whole session: what one test has trained, another reads."""
    return Store(common / "shared" / "store")


@pytest.fixture(scope="session")
def prepared(common: Path) -> Path:
    """A data folder as `prepare` of the README leaves it: copy it, do not change it."""
    with (common / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        prepare(common / "prepared")  # the second time, nothing is left to do
    return common / "prepared"


def digits(**values: object) -> ExperimentConfig:
    """A small experiment on digits; takes a few seconds."""
    return ExperimentConfig(
        **{
            "dataset": "digits",
            "forget_classes": (3,),
            "device": "cpu",
            "training_epochs": 15,
            **values,
        }
    )


def blobs(**values: object) -> ExperimentConfig:
    """A small experiment on blobs; takes about a second."""
    return ExperimentConfig(
        **{"dataset": "blobs", "model": "mlp", "forget_classes": (0,), "device": "cpu", **values}
    )


def flat(model: torch.nn.Module) -> torch.Tensor:
    """All parameters of a network in one vector."""
    return torch.cat([parameter.detach().reshape(-1) for parameter in model.parameters()])


@dataclass(frozen=True)
class Outcome:
    """Exit code and output of a command."""

    code: int | None
    out: str
    err: str


@pytest.fixture
def command(tmp_path: Path, home: Path) -> Callable[..., Outcome]:
    """Run `unsc_core` with arguments in a new process, forked from one that has loaded torch."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["unsc_core.commands.cli", "unsc_core.experiment.experiment"])

    def run(*arguments: str, unsc_home: Path = home) -> Outcome:
        out, err = tmp_path / "stdout", tmp_path / "stderr"
        process = context.Process(
            target=_program, args=(arguments, str(unsc_home), str(out), str(err))
        )
        process.start()
        process.join(120)
        return Outcome(process.exitcode, out.read_text(), err.read_text())

    return run


def _program(arguments: tuple[str, ...], unsc_home: str, out: str, err: str) -> None:
    from unsc_core.commands.cli import main

    os.environ["UNSC_HOME"] = unsc_home
    for path, descriptor in ((out, 1), (err, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    sys.exit(main(arguments))
