"""Measures how long a network takes on this machine: a few steps first, later the work itself."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, replace
from statistics import median

import torch
from torch import Tensor, nn

from unsc_core.audits import relearning, subject
from unsc_core.config import ExperimentConfig, TrainingConfig
from unsc_core.data import load_dataset
from unsc_core.experiment.artefacts import COST
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.machine import cores, this_machine
from unsc_core.experiment.resolve import MOMENTS, training
from unsc_core.experiment.store import Store
from unsc_core.jobs.rates import Rates, rates_key, read_rates, unlearning_seconds
from unsc_core.learning.batches import DeviceData, evaluating, predict, to_device
from unsc_core.learning.device import one_thread, resolve_device, set_up_process
from unsc_core.learning.training import train
from unsc_core.methods import METHODS
from unsc_core.models import build_model
from unsc_core.progress import Report, Stages, silent
from unsc_core.subspace.representations import inputs_of, represented_layers, rows_per_sample
from unsc_core.subspace.sampling import enough_images

FIRST_BATCH = 8
"""Batch size of the first steps that are timed."""
BUDGET_S = 0.7
"""Seconds for timing steps with the largest batch that fits."""
MAX_STEPS = 64
"""Limit on either kind; this many steps of a tiny network take less than the budget."""
SIDE = 1024
"""Side of the matrices whose product is timed."""
EIGH_SIDE = 384
"""Side of the matrix whose decomposition is timed; time grows with the cube of the side."""
PROBE_PRODUCTS = 15000.0
"""What fitting all probes takes for each image, class and feature, in float32 products."""


def measure(config: ExperimentConfig, store: Store, report: Report = silent) -> None:
    """Time this network for about a second and store its rates, unless they are stored already."""
    dataset = load_dataset(config.dataset)
    stored = read_rates(config, dataset, store)
    if stored is not None and stored.audit:
        return
    stages = Stages(report)
    with stages.stage("cost", "estimating how long this takes"):
        device = resolve_device(config.device)
        set_up_process(dataset)
        data = to_device(dataset, device)
        shape, classes = dataset.input_shape, dataset.num_classes
        model = build_model(config.model, shape, classes, config.seed).to(device)
        rates = _measured(model, data, classes)
    if stored is not None:  # from before audits were measured
        rates = replace(stored, audit=rates.audit)
    _put(rates, rates_key(config, dataset), device, store)


TELLING_S = 0.2
"""A shorter unlearning is mostly overhead, which does not grow with the request."""


def record(work: Experiment) -> None:
    """Correct the stored rates by what a finished job's training and unlearning took."""
    rates = read_rates(work.config, work.dataset, work.store)
    if rates is None:
        return
    seconds, method = work.stages.seconds, work.config.method
    trained = {"train": len(work.dataset.y_train), "retrain": len(work.split.retain_train())}
    changed = rates
    for stage, images in trained.items():
        if stage in seconds:
            steps = images * training(work.config).epochs
            changed = replace(changed, step=seconds[stage] / steps)
    whole = unlearning_seconds(work.config, work.split, changed)
    if "unlearn" in seconds and whole >= TELLING_S and METHODS[method].epochs:
        needed = rates.needed | {method: seconds["unlearn"] / whole}
        changed = replace(changed, needed=needed)
    if changed != rates:
        _put(changed, rates_key(work.config, work.dataset), work.device, work.store)


def _put(rates: Rates, key: str, device: str, store: Store) -> None:
    where = {"device": device, "machine": this_machine(device), "created": time.time()}
    COST.write(store, key, {"rates": asdict(rates), **where})


def _measured(model: nn.Module, data: DeviceData, num_classes: int) -> Rates:
    """Time steps with a small and a larger batch, predictions, and two matrix operations."""
    most = min(TrainingConfig(1).batch_size, len(data.y_train))
    few = min(FIRST_BATCH, most)
    of_few = _step_seconds(model, data, few, 0.0)
    batch = max(few, min(most, 2 ** int(math.log2(max(1.0, few * BUDGET_S / (2 * of_few))))))
    of_batch = _step_seconds(model, data, batch, BUDGET_S) if batch > few else of_few
    # Each further sample adds this much; the rest is the cost of the step itself.
    each = max(0.0, of_batch - of_few) / max(1, batch - few)
    whole = of_batch + (most - batch) * (each or of_batch / batch)
    samples = data.x_train[:batch]
    answer = _seconds(data, lambda: predict(model, data, samples)) / batch
    with torch.inference_mode():
        product, cube = _matrix_seconds(data)
    alone = max(of_few - (few - 1) * each, whole / most)
    subspace = _subspace_seconds(model, data, num_classes, answer, product, cube)
    audit = _probe_seconds(model, data, num_classes, product) + _relearning_seconds(
        num_classes, lambda samples: of_few + max(0, samples - few) * each
    )
    return Rates(whole / most, alone, answer, *subspace, audit)


def _step_seconds(model: nn.Module, data: DeviceData, batch: int, budget: float) -> float:
    """The median time of a training step: of two, or as many as fit into `budget` seconds.

    The first step is a warm-up.
    """
    clock, steps = _Clock(data.device), []
    end = 0.0

    def tick(done: int, total: int, detail: str) -> None:
        nonlocal end
        steps.append(clock.lap())
        end = end or time.perf_counter() + budget
        if len(steps) > 2 and time.perf_counter() > end:
            raise _Enough

    rows = torch.arange(MAX_STEPS * batch, device=data.device) % len(data.y_train)
    with suppress(_Enough):
        train(model, data, rows, TrainingConfig(1, batch_size=batch), 0, tick)
    return median(steps[1:] or steps)


class _Clock:
    """Times laps in seconds, as if nothing else were running.

    On a CPU a lap counts at most the processor time it used, because wall time grows while other
    programs hold the cores.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._last = self._now()

    def _now(self) -> tuple[float, float]:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter(), time.process_time()

    def lap(self) -> float:
        """Seconds since the last lap."""
        now = self._now()
        passed, used = (after - before for before, after in zip(self._last, now, strict=True))
        self._last = now
        return passed if self._device.type == "cuda" else min(passed, used)


class _Enough(Exception):
    """Ends a training that is only timed."""


def _seconds(data: DeviceData, call: Callable[[], object]) -> float:
    """The shorter of two calls."""
    clock, found = _Clock(data.device), []
    for _ in range(2):
        call()
        found.append(clock.lap())
    return min(found)


def _matrix_seconds(data: DeviceData) -> tuple[float, float]:
    """Seconds per multiplication of a float32 product, and per side³ of a float64 decomposition."""
    square = torch.rand(SIDE, SIDE, device=data.device)
    rows = torch.rand(EIGH_SIDE, EIGH_SIDE, device=data.device, dtype=torch.float64)
    product = _seconds(data, lambda: square @ square) / SIDE**3
    with one_thread():
        return product, _seconds(data, lambda: torch.linalg.eigh(rows @ rows.T)) / EIGH_SIDE**3


def _subspace_seconds(
    model: nn.Module, data: DeviceData, num_classes: int, answer: float, product: float, cube: float
) -> tuple[float, float, float]:
    """Seconds for `Rates.moments`, `spectra` and `project`, from the sizes of the layers."""
    layers, config = represented_layers(model), enough_images(model, num_classes, MOMENTS)
    images = num_classes * config.images
    moments, project, sides = images * answer, 0.0, []

    def add(name: str, received: Tensor) -> None:
        nonlocal moments, project
        layer = layers[name]
        d, groups = layer.weight[0].numel(), getattr(layer, "groups", 1)
        rows = images * rows_per_sample(layer, received, config.positions)
        moments += rows * groups * d * d * product
        project += layer.weight.shape[0] * d * d * product
        sides.extend([d] * groups)

    with inputs_of(layers, add), evaluating(model), torch.inference_mode():
        model(data.inputs(data.x_train[:1]))
    return moments, _in_parallel([side**3 * cube for side in sides], cores()), project


def _in_parallel(seconds: Iterable[float], workers: int) -> float:
    """The time of several pieces on this many workers: at least that of the longest."""
    found = list(seconds)
    return max([sum(found) / workers, *found], default=0.0)


def _probe_seconds(model: nn.Module, data: DeviceData, num_classes: int, product: float) -> float:
    """Seconds for fitting the probes of all audits of one network, from the sizes of its layers."""
    fewest = int(torch.bincount(data.y_train, minlength=num_classes).min())
    images = num_classes * min(subject.FIT_IMAGES, fewest)
    inputs = subject.layer_inputs(model, data, data.x_train[:1])
    features = sum(values.shape[1] for values in inputs.values())
    return PROBE_PRODUCTS * images * num_classes * features * product


def _relearning_seconds(num_classes: int, step: Callable[[int], float]) -> float:
    """Seconds for relearning from every number of images; `step` is those of one step."""
    batches = [min(relearning.BATCH, k * num_classes) for k in relearning.IMAGES]
    return relearning.DRAWS * relearning.STEPS * sum(step(batch) for batch in batches)
