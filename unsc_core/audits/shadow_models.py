"""Trains shadow models; each is stored when it is done, so that work can stop and go on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from unsc_core.audits.shadow import check_models, half
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.experiment.artefacts import SHADOWS
from unsc_core.experiment.keys import shadow_key
from unsc_core.experiment.machine import this_machine
from unsc_core.experiment.resolve import resolve, training
from unsc_core.experiment.store import Arrays, Store
from unsc_core.learning.batches import DeviceData, predict, to_device
from unsc_core.learning.device import resolve_device, set_up_process
from unsc_core.learning.training import train
from unsc_core.models import build_model
from unsc_core.progress import Report, Stages, silent

Tick = Callable[[int, int, str], None]
FIRST_SEED = 2**31
"""Of the shadow models, one each from here on: no experiment may have it, so none starts alike."""


def make_shadows(
    config: ExperimentConfig, models: int, store: Store | None = None, report: Report = silent
) -> None:
    """Make sure that the first shadow models of a config are stored.

    They depend on its dataset, network, training and device, not on its request, method or seed.

    Args:
        config: of an experiment.
        models: how many.
        store: the default store if None.
        report: receives progress, and may raise to stop the work; models that are done stay.

    Raises:
        ConfigError: an odd, too small or too large number, or an impossible config.
        DivergedError: a training diverged.
    """
    check_models(models)
    store, stages = Store() if store is None else store, Stages(report)
    dataset = load_dataset(config.dataset, report)
    config = resolve(config, dataset)
    keys = {model: shadow_key(config, dataset, model) for model in range(models)}
    missing = [model for model, key in keys.items() if SHADOWS.read(store, key) is None]
    if not missing:
        return
    store.check_writable()
    set_up_process(dataset)
    device = resolve_device(config.device)
    pool = _pool(to_device(dataset, device))
    with stages.stage("shadows", "training shadow models"):
        for done, model in enumerate(missing):
            place = f"{models - len(missing) + done + 1} of {models}"

            def tick(step: int, steps: int, detail: str, done: int = done, p: str = place) -> None:
                stages.tick(done * steps + step, len(missing) * steps, f"{p}, {detail}")

            began = time.perf_counter()
            found = _shadow(config, dataset, pool, model, tick)
            took, machine = time.perf_counter() - began, this_machine(device)
            SHADOWS.write(store, keys[model], found, seconds=took, machine=machine)


def _pool(data: DeviceData) -> DeviceData:
    """Training and test samples as one training set."""
    return replace(
        data,
        x_train=torch.cat([data.x_train, data.x_test]),
        y_train=torch.cat([data.y_train, data.y_test]),
    )


def _shadow(
    config: ExperimentConfig, dataset: Dataset, pool: DeviceData, model: int, tick: Tick
) -> Arrays:
    """What one shadow model answers to all samples, and which it was trained on."""
    labels = np.concatenate([dataset.y_train, dataset.y_test])
    within, seed = half(labels, model), FIRST_SEED + model
    network = build_model(config.model, dataset.input_shape, dataset.num_classes, seed)
    network.to(pool.device)
    train(network, pool, pool.index(np.flatnonzero(within)), training(config), seed, tick)
    logits = predict(network, pool, pool.x_train).cpu().numpy()
    return {"logits": logits, "within": within}
