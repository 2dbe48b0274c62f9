"""Peak memory of several workloads: `python -m tests.benchmarks.memory [WORK …]`.

Each runs in its own process, because a process's peak only ever rises: `run` is the default
command, `train` the same for a seed whose network is not shipped, `allcnn` one request and
`moments` all second moments at CIFAR-10's size.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

GIB = 2**30
PHOTOGRAPHS = 50_000
FORGOTTEN = 4_500
POSITIONS = 32
MOMENTS_LIMIT_S = 300
"""If second moments of all photographs would take longer, a fifth of the photographs is used."""
WORK = {"run": 1.5, "train": 1.5, "allcnn": 4.0, "moments": None}
"""Workload -> the most GiB it should need."""


def peak_bytes() -> int:
    """The peak resident memory of this process.

    On Linux ru_maxrss includes the time before exec, when a child still was a copy of its parent;
    VmHWM does not.
    """
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return 1024 * (int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def measure(work: str, photographs: int = PHOTOGRAPHS) -> dict[str, float]:
    """{"bytes", "seconds", "images"} of one workload, in an empty data folder."""
    with tempfile.TemporaryDirectory() as folder:
        if work in ("allcnn", "moments"):
            write_photographs(Path(folder) / "photographs.npz", photographs)
        environment = {**os.environ, "UNSC_HOME": folder, "OMP_WAIT_POLICY": "passive"}
        module = [sys.executable, "-m", "tests.benchmarks.memory"]
        command = [*module, "--in-this-process", work, folder]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{work} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def write_photographs(path: Path, n: int) -> None:
    """Write `n` images of 32×32×3 in ten classes, class 0 with a few less than the others.

    They are the bundled clothes in three shifted channels.
    """
    from unsc_core.data import load_dataset
    from unsc_core.data.fashion_mnist_32 import resized

    clothes = load_dataset("fashion-mnist-mini")
    grey = resized(clothes.x_train[:, :, :, :], 32)[:, 0]
    take = np.arange(n) % len(grey)
    images = np.stack([np.roll(grey[take], shift, (1, 2)) for shift in range(3)], axis=-1)
    labels = clothes.y_train[take].copy()
    surplus = np.flatnonzero(labels == 0)[n * FORGOTTEN // PHOTOGRAPHS :]
    labels[surplus] = 1 + np.arange(len(surplus)) % 9
    np.savez(
        path, x_train=images, y_train=labels, x_test=images[:1000], y_test=np.arange(1000) % 10
    )


def command_line(seed: int) -> int:
    """`python -m unsc_core run`; returns the number of images it used."""
    from unsc_core.commands.cli import main as run

    if run(["run", "--seeds", str(seed), "--json"]):
        raise RuntimeError("the run failed")
    return 10_000


def request(folder: str) -> int:
    """AllCNN: second moments, predictions for all training images, one unlearning epoch."""
    from safetensors.torch import save_file

    from unsc_core.config import ExperimentConfig
    from unsc_core.experiment.experiment import Experiment
    from unsc_core.models import build_model

    weights = Path(folder) / "initial.safetensors"
    save_file(
        {
            name: value.contiguous()
            for name, value in build_model("allcnn", (3, 32, 32), 10).state_dict().items()
        },
        weights,
    )
    dataset = str(Path(folder) / "photographs.npz")
    config = ExperimentConfig(
        dataset=dataset,
        model="allcnn",
        forget_classes=(0,),
        checkpoint=str(weights),
        epochs=1,
        device="cpu",
    )
    work = Experiment(config)
    work.ensure_logits(work.keys.original, lambda: work.original, "train")
    assert len(work.unlearned.history) == 2
    return len(work.data.y_train)


def all_moments(folder: str) -> int:
    """AllCNN: second moments of every photograph, 32 patches each; see MOMENTS_LIMIT_S."""
    from torch import arange

    from unsc_core.data import load_dataset
    from unsc_core.learning.batches import class_batches, to_device
    from unsc_core.models import build_model
    from unsc_core.subspace.moments import second_moments

    data = to_device(load_dataset(str(Path(folder) / "photographs.npz")), "cpu")
    model = build_model("allcnn", (3, 32, 32), 10)
    n = len(data.y_train)
    few = min(1_000, n)
    started = time.perf_counter()
    second_moments(model, class_batches(data, 0, arange(few)), 10, positions=POSITIONS)
    if (time.perf_counter() - started) * n / few > MOMENTS_LIMIT_S:
        n //= 5
    second_moments(model, class_batches(data, 0, arange(n)), 10, positions=POSITIONS)
    return n


def in_this_process(work: str, folder: str) -> None:
    """Run one workload and print its measurements as the last line."""
    started = time.perf_counter()
    images = {
        "run": lambda: command_line(0),
        "train": lambda: command_line(3),
        "allcnn": lambda: request(folder),
        "moments": lambda: all_moments(folder),
    }[work]()
    seconds = time.perf_counter() - started
    print(json.dumps({"bytes": peak_bytes(), "seconds": seconds, "images": images}))


def peaks(names: list[str]) -> Iterator[tuple[str, dict[str, float]]]:
    """(workload, its measurements)."""
    for name in names:
        yield name, measure(name)


def main() -> None:
    if sys.argv[1:2] == ["--in-this-process"]:
        in_this_process(*sys.argv[2:])
        return
    for name, took in peaks(sys.argv[1:] or list(WORK)):
        gib, bar = took["bytes"] / GIB, f"bar {WORK[name]} GiB" if WORK[name] else ""
        numbers = f"{gib:6.2f} GiB  {took['seconds']:6.1f} s  {took['images']:6} images"
        print(f"{name:8} {numbers}  {bar}", flush=True)


if __name__ == "__main__":
    main()
