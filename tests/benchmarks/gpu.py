"""Every GPU measurement in one command: `python -m tests.benchmarks.gpu`, within 8 min on an H100.

It runs the tests that need a GPU, compares GPU and CPU, measures seconds, memory and waiting at
CIFAR-10's size, and what TF32 would cost. Results go to assets/measured, part by part; a part that
fails or takes too long is recorded as such, and the next one starts. `--device cpu --small` runs
the same code on a CPU in a minute or two, to show that it runs; its numbers mean nothing.
"""

from __future__ import annotations

import argparse
import copy
import json
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from unittest import mock
from xml.etree import ElementTree

import numpy as np
import torch
from torch import Tensor, nn

from tests.benchmarks.speed import Row, here, timed
from tests.steps import around_steps
from unsc_core.analysis.evaluation import accuracies, logit_drift
from unsc_core.config import ExperimentConfig, TrainingConfig
from unsc_core.data import DATASETS, is_available, load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.data.request import split
from unsc_core.errors import ConfigError
from unsc_core.experiment.experiment import MAX_MOMENTS_BYTES, Experiment
from unsc_core.experiment.resolve import DEFAULT_ENERGY_THRESHOLD, MOMENTS
from unsc_core.experiment.result import Result
from unsc_core.experiment.store import Store
from unsc_core.learning.batches import DeviceData, class_batches, predict, to_device
from unsc_core.learning.device import one_thread, resolve_device
from unsc_core.learning.labels import pseudo_labels
from unsc_core.learning.training import SgdConfig, relabel, train
from unsc_core.methods import METHODS
from unsc_core.methods.context import Context, projections
from unsc_core.models import build_model
from unsc_core.paths import ASSETS, write_whole
from unsc_core.progress import Stages
from unsc_core.subspace.moments import Moments, moments_bytes, second_moments
from unsc_core.subspace.null_space import NullSpace, Spectra, null_space, spectra
from unsc_core.subspace.sampling import drawn_batches, enough_images

TESTS = Path(__file__).resolve().parent.parent
FORGET = 6
THRESHOLDS = (0.96, 0.99)
GIB = 2**30
WHOLE = 3.0
"""Seconds that unlearning may take: moments, bases, pseudo-labels and all epochs."""


@dataclass(frozen=True)
class Size:
    """Sizes of the workload."""

    images: int = 50_000
    forget: int = 4_500
    epochs: int = 25
    training_epochs: int = 2
    networks: tuple[str, ...] = ("allcnn", "resnet18")
    repeats: int = 3


SMALL = Size(400, 40, 2, 1, ("small-cnn", "allcnn"), 1)


@dataclass(eq=False)
class Run:
    """What the parts share, made once.

    Attributes:
        device: resolved.
        size: of the workload.
        folder: for temporary files.
        notes: part -> lines that are not numbers.
    """

    device: str
    size: Size
    folder: Path
    notes: dict[str, list[str]] = field(default_factory=dict)

    @property
    def on_gpu(self) -> bool:
        return self.device.startswith("cuda")

    def goal(self, value: float) -> float | None:
        """A bar for seconds; None in a reduced run."""
        return value if self.on_gpu and self.size is not SMALL else None

    @cached_property
    def images(self) -> Dataset:
        """CIFAR-10 if it is on this machine, else synthetic images of its size."""
        if self.size is not SMALL and is_available("cifar10"):
            return load_dataset("cifar10")
        return synthetic(self.size.images)

    @cached_property
    def data(self) -> DeviceData:
        return to_device(self.images, self.device)

    @cache  # noqa: B019 (one run a process)
    def trained(self, name: str) -> tuple[nn.Module, float]:
        """A network trained for a few epochs, and the seconds it took."""
        data = self.data
        model = build_model(name, self.images.input_shape, self.images.num_classes).to(self.device)
        rows = torch.arange(len(data.y_train), device=self.device)
        train(copy.deepcopy(model), data, rows[:256], TrainingConfig(1), 0)  # loads libraries
        config = TrainingConfig(self.size.training_epochs)
        seconds, _ = timed(lambda: train(model, data, rows, config, 0))
        return model, seconds


Rows = Iterator[Row]


def synthetic(n: int) -> Dataset:
    """`n` training and n / 5 test images of CIFAR-10's size in ten classes.

    Each class is a smooth pattern, shifted at random and under noise.
    """
    generator = torch.Generator().manual_seed(0)
    patterns = torch.nn.functional.interpolate(
        torch.randn(10, 3, 5, 5, generator=generator), (40, 40), mode="bicubic"
    )
    parts = []
    for count in (n, max(n // 5, 100)):
        labels = torch.arange(count) % 10
        images = torch.empty(count, 3, 32, 32, dtype=torch.uint8)
        for chosen in torch.arange(count).split(5000):
            top, left = torch.randint(0, 9, (2, len(chosen), 1, 1), generator=generator)
            rows, cols = top + torch.arange(32)[:, None], left + torch.arange(32)
            pattern = patterns.permute(0, 2, 3, 1)[
                labels[chosen][:, None, None], rows, cols
            ].permute(0, 3, 1, 2)
            noise = torch.randn(pattern.shape, generator=generator)
            images[chosen] = (128 + 30 * pattern + 60 * noise).clamp(0, 255).to(torch.uint8)
        parts.append((images.numpy(), labels.numpy()))
    (x, y), (x_test, y_test) = parts
    return Dataset(
        "synthetic images of CIFAR-10's size",
        x,
        y,
        x_test,
        y_test,
        tuple("0123456789"),
        augment=True,
    )


# --- tests -----


def gpu_tests(run: Run) -> Rows:
    """Every test that needs a GPU, in a process of its own."""
    files = sorted(
        str(path) for path in TESTS.glob("test_*.py") if "pytest.mark.gpu" in path.read_text()
    )
    report = run.folder / "tests.xml"
    command = [sys.executable, "-m", "pytest", "-m", "gpu", "-q", f"--junitxml={report}", *files]
    subprocess.run(command, cwd=TESTS.parent, capture_output=True, timeout=LIMITS["tests"])
    suite = ElementTree.parse(report).getroot().find("testsuite")
    assert suite is not None
    counts = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    failed = counts["failures"] + counts["errors"]
    yield Row("tests", "passed", counts["tests"] - failed - counts["skipped"], "")
    yield Row("tests", "failed", failed, "", at_most=0)
    yield Row("tests", "skipped", counts["skipped"], "", at_most=0 if run.on_gpu else None)
    for case in suite.iter("testcase"):
        for bad in (*case.findall("failure"), *case.findall("error")):
            run.notes.setdefault("tests", []).append(
                f"{case.get('name')}: {(bad.get('message') or '').splitlines()[0][:300]}"
            )


# --- agreement -----


def agreement(run: Run) -> Rows:
    """The same originals, unlearned on the CPU and on the device."""
    small = ExperimentConfig("blobs", "mlp", (0,))
    for config in (
        small if run.size is SMALL else ExperimentConfig(),
        ExperimentConfig("digits", forget_classes=(3,)),
    ):
        yield from differences(run, config)


def differences(run: Run, config: ExperimentConfig) -> Rows:
    """One config on both: moments, subspaces, pseudo-labels, logits and accuracies."""
    mine, theirs = (
        Experiment(replace(config, device=device), Store(run.folder / config.dataset / device))
        for device in ("cpu", run.device)
    )
    _ = mine.original
    trained = mine.store.get("trained", mine.keys.original)
    assert trained is not None
    theirs.store.put("trained", theirs.keys.original, trained)
    one, other = mine.run(), theirs.run()
    name = config.dataset
    moments = [work.moments.retain(config.forget_classes) for work in (mine, theirs)]
    difference = max(
        float((a - b.cpu()).norm() / a.norm())
        for a, b in zip(*(known.values() for known in moments), strict=True)
    )
    yield Row(
        name, "second moments, ‖difference‖ / ‖CPU's‖, worst layer", difference, "", at_most=1e-4
    )
    yield from cut_alike(
        name,
        moments[0],
        spectra(moments[0]),
        {layer: moment.cpu() for layer, moment in moments[1].items()},
    )
    assert one.labels is not None
    assert other.labels is not None
    yield Row(
        name,
        "pseudo-labels that are the same",
        100 * float((one.labels == other.labels).mean()),
        "%",
        at_least=99.5,
    )
    yield Row(
        name,
        "original's logits, ‖difference‖ / ‖CPU's‖",
        logit_drift(other.original.test, one.original.test),
        "",
        at_most=1e-4,
    )
    yield Row(
        name,
        "unlearned logits, ‖difference‖ / ‖CPU's‖",
        logit_drift(other.unlearned.test, one.unlearned.test),
        "",
        at_most=0.05,
    )
    same = float((one.unlearned.test.argmax(1) == other.unlearned.test.argmax(1)).mean())
    yield Row(name, "unlearned predictions that are the same", 100 * same, "%", at_least=99.0)
    for measure, words in (("acc_forget", "Acc_f"), ("acc_retain", "Acc_r")):
        cpu, device = (_accuracy(result, measure) for result in (one, other))
        yield Row(name, f"{words} on the CPU", cpu, "%")
        yield Row(
            name,
            f"{words} on the device − on the CPU, absolute",
            abs(device - cpu),
            "%",
            at_most=0.5,
        )


def cut_alike(
    name: str,
    reference: dict[str, Tensor],
    right: Spectra,
    found: dict[str, Tensor],
    words: str = "",
) -> Rows:
    """Largest angle, rank and energy differences between the subspaces of two sets of moments.

    Args:
        name: of the part.
        reference, right: the moments to compare with, and their spectra.
        found: the other moments.
        words: begin every line.
    """
    others = spectra(found)
    for threshold in THRESHOLDS:
        worst, ranks, lost = 0.0, 0, 0.0
        for layer, groups in right.items():
            for one, other, moment in zip(groups, others[layer], reference[layer], strict=True):
                a, b = null_space(one, threshold), null_space(other, threshold)
                worst, ranks = max(worst, sine(a, b)), max(ranks, abs(a.rank - b.rank))
                kept = float((b.basis * (moment @ b.basis)).sum() / moment.trace())
                lost = max(lost, abs(kept - b.energy))
        at = f"{words}subspaces at γ {threshold:g}"
        yield Row(
            name, f"{at}: sine of the largest principal angle, worst layer", worst, "", at_most=5e-3
        )
        yield Row(name, f"{at}: largest difference of ranks", ranks, "", at_most=1)
        yield Row(
            name,
            f"{at}: energy kept of the reference − of its own, worst layer",
            100 * lost,
            "%",
            at_most=0.01,
        )


def sine(one: NullSpace, other: NullSpace) -> float:
    """The sine of the largest principal angle of two kept subspaces (Björck and Golub, 1973)."""
    smaller, larger = sorted((one, other), key=lambda space: space.rank)
    outside = smaller.basis - larger.basis @ (larger.basis.T @ smaller.basis)
    return float(torch.linalg.matrix_norm(outside, 2)) if outside.numel() else 0.0


def _accuracy(result: Result, measure: str) -> float:
    dataset = result.split.dataset
    return accuracies(
        result.unlearned.test, dataset.y_test, np.isin(dataset.y_test, result.config.forget_classes)
    )[measure]


# --- networks -----


def network(run: Run, name: str) -> Rows:
    """One network at CIFAR-10's size: seconds of every stage, memory, waiting, costly operations.

    Unlearning is compared with retraining.
    """
    dataset, data, size = run.images, run.data, run.size
    run.notes.setdefault(name, []).append(
        f"Data: {dataset.name}, {len(data.y_train):,} training images."
    )
    with peak(run) as trained_with:
        model, training = run.trained(name)
    request = split(dataset, (FORGET,))
    rows = data.index(request.forget_train()[: size.forget])
    epochs = DATASETS["cifar10"].training_epochs
    retraining = (
        training / size.training_epochs * len(request.retain_train()) / len(data.y_train) * epochs
    )
    yield Row(name, f"training, {size.training_epochs} epoch(s)", training, "s")
    yield Row(
        name, f"retraining, {epochs} epochs: extrapolated from the line above", retraining, "s"
    )

    config = enough_images(model, dataset.num_classes, MOMENTS)
    needed = moments_bytes(model, data.inputs(data.x_train[:1]), dataset.num_classes, config)
    by_request = needed > MAX_MOMENTS_BYTES

    def collect(by_request: bool = by_request) -> Moments:
        retain, forget = data.index(request.retain_train()), data.index(request.forget_train())
        first = ExperimentConfig(moments_sample="first")
        batches = (
            drawn_batches(data, [(0, retain), (1, forget)], config.images, first)
            if by_request
            else class_batches(data, config.images)
        )
        classes = 2 if by_request else dataset.num_classes
        known = second_moments(
            model, batches, classes, images=config.images, positions=config.positions
        )
        return replace(known, by_request=by_request)

    def bases(moments: Moments) -> Spectra:
        with one_thread():
            return spectra(moments.retain(request.forget_classes))

    collect()
    with peak(run) as collected_with:
        moments_seconds, moments = timed(collect, size.repeats)
    bases(moments)
    with peak(run) as decomposed_with:
        bases_seconds, found = timed(lambda: bases(moments), size.repeats)
    context = Context(
        request,
        data,
        0,
        DEFAULT_ENERGY_THRESHOLD,
        0.1,
        size.epochs,
        Stages(),
        lambda: found,
        lambda: found,
        lambda: model,
    )
    cut_seconds, (project, _) = timed(lambda: projections(model, context), size.repeats)
    banned = context.banned()[: len(rows)]
    label_seconds, labels = timed(
        lambda: pseudo_labels(predict(model, data, data.x_train[rows]), banned), size.repeats
    )

    def unlearned(epochs: int, chosen: int = len(rows)) -> nn.Module:
        copied = copy.deepcopy(model)
        rate = METHODS["unsc"].learning_rate or 0.1
        relabel(
            copied,
            data,
            rows[:chosen],
            labels[:chosen],
            SgdConfig(rate, epochs, floor=-1.0),
            0,
            project=project,
        )
        return copied

    unlearned(1, 256)
    with peak(run) as unlearned_with:
        step_seconds, after = timed(lambda: unlearned(size.epochs))
    whole = moments_seconds + bases_seconds + cut_seconds + label_seconds + step_seconds
    kind = "of this request" if by_request else "of every class"
    yield Row(
        name,
        f"second moments {kind}: {config.images} images per class, {config.positions} patches each",
        moments_seconds,
        "s",
    )
    yield Row(name, "bases: float64 eigendecompositions on the device", bases_seconds, "s")
    yield Row(name, "null spaces at γ", cut_seconds, "s")
    yield Row(name, "pseudo-labels", label_seconds, "s")
    yield Row(
        name, f"{size.epochs} epochs on {len(rows):,} images, none left out", step_seconds, "s"
    )
    yield Row(name, "unlearning, all of it", whole, "s", at_most=run.goal(WHOLE))
    yield Row(name, "retraining (extrapolated) ÷ unlearning", retraining / whole, "×")
    yield Row(
        name,
        "retraining (extrapolated) ÷ moments and bases",
        retraining / (moments_seconds + bases_seconds),
        "×",
    )
    for words, asked in (("original", model), ("unlearned", after)):
        reached = accuracies(
            predict(asked, data, data.x_test).cpu().numpy(),
            dataset.y_test,
            dataset.y_test == FORGET,
        )
        yield Row(name, f"Acc_f of the {words}", reached["acc_forget"], "%")
        yield Row(name, f"Acc_r of the {words}", reached["acc_retain"], "%")
    stages = {
        "training": trained_with,
        "second moments": collected_with,
        "bases": decomposed_with,
        "unlearning": unlearned_with,
    }
    for words, measured in stages.items():
        if measured:
            yield Row(
                name,
                f"peak memory of {words}, of it the data {data.x_train.nbytes / GIB:.2f} GiB",
                measured[0] / GIB,
                "GiB",
            )
    yield Row(name, "second moments of every class, as they are kept", needed / GIB, "GiB")
    if run.on_gpu:
        yield Row(
            name,
            "steps of an epoch that made the CPU wait",
            waits(lambda: unlearned(1)),
            "",
            at_most=0,
        )
    yield from where_time_goes(run, name, lambda: unlearned(1, 128 * 8))
    if run.on_gpu:
        on_cpu = replace(
            moments, per_class={layer: known.cpu() for layer, known in moments.per_class.items()}
        )
        yield Row(
            name,
            "bases: the same on the CPU, layers side by side",
            timed(lambda: bases(on_cpu))[0],
            "s",
        )
    if run.on_gpu and by_request and 3 * needed < torch.cuda.mem_get_info()[0]:
        del moments
        yield Row(
            name,
            "second moments of every class, though they are not kept",
            timed(lambda: collect(False))[0],
            "s",
        )


@contextmanager
def peak(run: Run) -> Iterator[list[int]]:
    """A list that receives the peak bytes of tensors on the GPU at the end; empty on a CPU."""
    found: list[int] = []
    if run.on_gpu:
        torch.cuda.reset_peak_memory_stats()
    yield found
    if run.on_gpu:
        found.append(torch.cuda.max_memory_allocated())


def waits(work: Callable[[], object]) -> int:
    """How often torch saw the CPU wait for the GPU within the steps of `work`."""

    @contextmanager
    def noticed() -> Iterator[None]:
        torch.cuda.set_sync_debug_mode("warn")
        try:
            yield
        finally:
            torch.cuda.set_sync_debug_mode("default")

    with warnings.catch_warnings(record=True) as heard, around_steps(noticed):
        warnings.simplefilter("always")
        work()
    return sum("synchroniz" in str(warning.message) for warning in heard)


def where_time_goes(run: Run, name: str, work: Callable[[], object], most: int = 8) -> Rows:
    """The most expensive operations of a few steps, and the share of time the GPU computes."""
    activities = [
        torch.profiler.ProfilerActivity.CPU,
        *([torch.profiler.ProfilerActivity.CUDA] if run.on_gpu else []),
    ]
    seconds, _ = timed(work)
    with torch.profiler.profile(activities=activities) as profile:
        work()
        if run.on_gpu:
            torch.cuda.synchronize()
    events = profile.key_averages()
    operations = [event for event in events if event.device_type == torch.autograd.DeviceType.CPU]
    spent = {
        event.key: event.self_device_time_total if run.on_gpu else event.self_cpu_time_total
        for event in operations
    }
    total = sum(spent.values()) or 1.0
    for key in sorted(spent, key=lambda key: -spent[key])[:most]:
        run.notes[name].append(f"{100 * spent[key] / total:4.1f} % of a step: {key}")
    if run.on_gpu:
        kernels = sum(
            event.self_device_time_total
            for event in events
            if event.device_type == torch.autograd.DeviceType.CUDA
        )
        yield Row(
            name,
            "share of a few steps in which the GPU computes (the rest waits for the CPU)",
            kernels / 1e4 / seconds,
            "%",
        )


# --- precision -----

PRECISIONS = {
    "float32 throughout, as here": ("ieee", "ieee"),
    "TF32 in convolutions, torch's default": ("tf32", "ieee"),
    "TF32 in matrix products too": ("tf32", "tf32"),
}
"""Precision of convolutions and of matrix products."""


def tf32(run: Run) -> Rows:
    """Second moments, subspaces, logits and projections at three precisions, against float64."""
    name, data = run.size.networks[0], run.data
    model, _ = run.trained(name)
    exact = copy.deepcopy(model).double()
    images, classes = MOMENTS.images, run.images.num_classes

    def collect(network: nn.Module, dtype: torch.dtype) -> dict[str, Tensor]:
        batches = ((label, inputs.to(dtype)) for label, inputs in class_batches(data, images))
        return second_moments(
            network, batches, classes, images=images, positions=MOMENTS.positions
        ).retain((FORGET,))

    def logits(network: nn.Module) -> Tensor:
        return predict(network, data, data.x_test)

    reference = {layer: moment.cpu() for layer, moment in collect(exact, torch.float64).items()}
    right = spectra(reference)
    with torch.no_grad():
        answers = torch.cat(
            [exact.eval()(data.inputs(batch).double()) for batch in data.x_test.split(500)]
        )
    for words, kinds in PRECISIONS.items():
        strict = kinds == ("ieee", "ieee")
        with mock.patch(
            "unsc_core.learning.device.full_precision", lambda kinds=kinds: precision(*kinds)
        ):
            found = {layer: moment.cpu() for layer, moment in collect(model, torch.float32).items()}
            difference = max(
                float((found[layer] - moment).norm() / moment.norm())
                for layer, moment in reference.items()
            )
            said = float((logits(model) - answers).norm() / answers.norm())
        yield Row(
            "tf32",
            f"{words}: second moments, ‖difference‖ / ‖float64's‖",
            difference,
            "",
            at_most=1e-4 if strict else None,
        )
        yield Row("tf32", f"{words}: logits, the same", said, "", at_most=1e-4 if strict else None)
        for row in cut_alike("tf32", reference, right, found, f"{words}: "):
            yield row if strict else replace(row, at_most=None)
        yield Row(
            "tf32",
            f"{words}: ‖(G P) U‖ / ‖G‖, worst layer",
            left_behind(run, right, kinds),
            "",
            at_most=1e-5 if strict else None,
        )


@contextmanager
def precision(convolutions: str, products: str) -> Iterator[None]:
    """Compute float32 on a GPU in these precisions, then as before."""
    kinds = torch.backends.cudnn.conv, torch.backends.cuda.matmul
    before = [kind.fp32_precision for kind in kinds]
    torch.backends.cudnn.conv.fp32_precision, torch.backends.cuda.matmul.fp32_precision = (
        convolutions,
        products,
    )
    try:
        yield
    finally:
        torch.backends.cudnn.conv.fp32_precision, torch.backends.cuda.matmul.fp32_precision = before


def left_behind(run: Run, right: Spectra, kinds: tuple[str, str]) -> float:
    """The share of a projected gradient that is still in the retain space."""
    worst, generator = 0.0, torch.Generator().manual_seed(0)
    for groups in right.values():
        space = null_space(groups[0], DEFAULT_ENERGY_THRESHOLD)
        gradient = torch.randn(64, space.dim, generator=generator).to(run.device)
        with precision(*kinds):
            projected = space.to(gradient).project(gradient)
        worst = max(worst, float((projected.double().cpu() @ space.basis).norm() / gradient.norm()))
    return worst


# --- all of it -----

LIMITS = {"tests": 150, "agreement": 90, "first network": 80, "second network": 120, "tf32": 40}
"""Time limit of each part in seconds."""


@contextmanager
def at_most(seconds: int, part: str) -> Iterator[None]:
    """Stop a part with a TimeoutError at its time limit."""

    def stop(signum: int, frame: object) -> None:
        raise TimeoutError(f"{part} was stopped after {seconds} s.")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def parts(run: Run) -> dict[str, Callable[[], Rows]]:
    """Name -> its measurements, in order."""
    first, second = run.size.networks
    return {
        "tests": lambda: gpu_tests(run),
        "agreement": lambda: agreement(run),
        "first network": lambda: network(run, first),
        "second network": lambda: network(run, second),
        "tf32": lambda: tf32(run),
    }


def measured(run: Run, write: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Every part, whether or not others fail; the record is written after each."""
    found: dict[str, Any] = {
        "reduced": run.size is SMALL,
        "device": run.device,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": here() | {"cuda": torch.version.cuda},
        "rows": [],
        "seconds": {},
        "errors": {},
        "notes": run.notes,
    }
    for part, work in parts(run).items():
        started = time.perf_counter()
        try:
            with at_most(LIMITS[part], part):
                for row in work():
                    print(row, flush=True)
                    found["rows"].append({**asdict(row), "met": row.met})
        except Exception as error:
            message = (str(error).strip() or "no message").splitlines()[0][:300]
            found["errors"][part] = f"{type(error).__name__}: {message}"
            print(f"{part:9} failed: {found['errors'][part]}", flush=True)
        if run.on_gpu:
            torch.cuda.set_sync_debug_mode("default")
            torch.cuda.empty_cache()
        found["seconds"][part] = round(time.perf_counter() - started, 1)
        write(found)
    return found


def markdown(found: dict[str, Any]) -> str:
    """The record in Markdown."""
    title = "A reduced run: its numbers mean nothing" if found["reduced"] else "Measured on a GPU"
    machine = ", ".join(f"{key} {value}" for key, value in found["machine"].items())
    lines = [f"# {title}", "", f"{found['date']}, device {found['device']}; {machine}", ""]
    lines += ["| part | what | value | unit | bar | |", "|---|---|---|---|---|---|"]
    for values in found["rows"]:
        row = Row(**{name: value for name, value in values.items() if name != "met"})
        verdict = {None: "", True: "met", False: "**missed**"}[row.met]
        cells = [row.comparison, row.what, f"{row.value:.4g}", row.unit, row.bar, verdict]
        lines.append(f"| {' | '.join(cells)} |")
    for part, notes in found["notes"].items():
        lines += ["", f"## {part}", "", *(f"- {note}" for note in notes)]
    if found["errors"]:
        errors = (f"- {part}: {error}" for part, error in found["errors"].items())
        lines += ["", "## Not measured", "", *errors]
    seconds = ", ".join(f"{part} {seconds:g}" for part, seconds in found["seconds"].items())
    lines += ["", f"Seconds: {seconds}"]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.gpu", description=__doc__)
    parser.add_argument(
        "--device", default="cuda", help="cuda, cuda:N, or cpu together with --small"
    )
    parser.add_argument(
        "--small", action="store_true", help="a little of everything, to show that it runs"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="where gpu.json and gpu.md go; a reduced run writes nothing without it",
    )
    options = parser.parse_args()
    try:
        device = resolve_device(options.device)
    except ConfigError as error:
        parser.error(str(error))
    if device == "cpu" and not options.small:
        parser.error("a CPU would need hours; add --small to see that everything runs.")
    folder = options.out or (None if options.small else ASSETS / "measured")

    def write(found: dict[str, Any]) -> None:
        if folder is not None:
            write_whole(
                folder / "gpu.json", json.dumps(found, ensure_ascii=False, indent=1).encode()
            )
            write_whole(folder / "gpu.md", markdown(found).encode())

    if options.small:
        print(
            f"A reduced run on {device}: it shows that everything runs; its numbers mean nothing."
        )
    if device.startswith("cuda"):
        torch.cuda.set_device(device)
    with tempfile.TemporaryDirectory() as temporary:
        found = measured(Run(device, SMALL if options.small else Size(), Path(temporary)), write)
    for part, lines in found["notes"].items():
        print(*(f"{part:9} {line}" for line in lines), sep="\n")
    met = [row["met"] for row in found["rows"] if row["met"] is not None]
    bars = f"{sum(met)} bars met, {len(met) - sum(met)} missed"
    failed, seconds = len(found["errors"]), sum(found["seconds"].values())
    print(f"{bars}, {failed} parts failed; {seconds:.0f} s")
    print(f"Written to {folder}." if folder else "Nothing was written.")
    sys.exit(bool(found["errors"]) or not all(met))


if __name__ == "__main__":
    main()
