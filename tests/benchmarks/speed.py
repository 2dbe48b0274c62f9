"""Speed and memory, compared on this machine: `python -m tests.benchmarks.speed`.

Options: `[--only NAME,…] [--json FILE]`. Seconds differ between machines, ratios hardly do.
Networks that have to be trained first are kept in the data folder.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch, as on the command line

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from tests.benchmarks import memory
from unsc_core.commands import paper
from unsc_core.config import ExperimentConfig, TrainingConfig
from unsc_core.data import load_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.data.fashion_mnist_32 import resized
from unsc_core.data.request import split
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.keys import content_key
from unsc_core.experiment.resolve import DEFAULT_ENERGY_THRESHOLD, MOMENTS
from unsc_core.experiment.store import Artefact, Store
from unsc_core.learning.batches import DeviceData, class_batches, to_device
from unsc_core.learning.device import one_thread
from unsc_core.learning.training import Project, SgdConfig, _step, relabel, train
from unsc_core.methods.context import Context, projections
from unsc_core.models import build_model
from unsc_core.models.weights import set_weights
from unsc_core.progress import Stages
from unsc_core.subspace.energy import MERGE_THRESHOLD
from unsc_core.subspace.moments import Moments, second_moments
from unsc_core.subspace.null_space import NullSpace, Spectrum, null_space, spectra
from unsc_core.subspace.representations import Layer, represented_layers
from unsc_core.subspace.sampling import enough_images

Matrix = NDArray[np.float32]
FORGET = 6
IMAGES = 256
"""Images per class for the textbook version, as published; ours samples from the same ones."""
TEXTBOOK_CLASSES = 1
"""Classes the textbook version is timed on: each takes it the same, a minute or two."""
STAGES = ("moments", "spectra", "null_space", "pseudo_labels", "unlearn")
"""The stages of UNSC itself."""


@dataclass(frozen=True)
class Row:
    """One measured number, and its bar, if any.

    Attributes:
        comparison, what: where it belongs and what it is.
        value, unit: as measured.
        at_least, at_most: the bar.
    """

    comparison: str
    what: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None without one."""
        if self.at_least is None and self.at_most is None:
            return None
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    @property
    def bar(self) -> str:
        """The bar as text, empty without one."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return "" if self.at_most is None else f"≤ {self.at_most:g}"

    def __str__(self) -> str:
        verdict = {None: "", True: "met", False: "MISSED"}[self.met]
        number = f"{self.value:10.4g} {self.unit:5} {self.bar:8} {verdict}"
        return f"{self.comparison:9} {self.what:74} {number}".rstrip()


Rows = Iterator[Row]


def here() -> dict[str, Any]:
    """The machine the numbers were measured on."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return paper.machine(device) | {
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 1),
        "numpy": np.__version__,
    }


def timed(work: Callable[[], Any], repeats: int = 1) -> tuple[float, Any]:
    """(median seconds, last result)."""
    seconds, answer = [], None
    for _ in range(repeats):
        started = time.perf_counter()
        answer = work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return median(seconds), answer


@cache
def clothes() -> Dataset:
    """The bundled images of clothes at 32×32, 1,000 per class."""
    mini = load_dataset("fashion-mnist-mini")
    return Dataset(
        "clothes at 32×32",
        resized(mini.x_train, 32),
        mini.y_train,
        resized(mini.x_test, 32),
        mini.y_test,
        mini.class_names,
    )


@cache
def clothes_data() -> DeviceData:
    """The same as tensors."""
    return to_device(clothes(), "cpu")


def trained(name: str, epochs: int = 2) -> nn.Module:
    """A network of MODELS trained on `clothes`; kept in the data folder."""
    dataset, store = clothes(), Store()
    key = content_key(benchmark="speed", model=name, data=dataset.train_digest, epochs=epochs)
    model = build_model(name, dataset.input_shape, dataset.num_classes)
    stored = store.get("trained", key)
    if stored is not None:
        set_weights(
            model,
            {name: torch.from_numpy(value) for name, value in stored.arrays.items()},
            "The stored network",
        )
        return model.eval()
    train(model, clothes_data(), torch.arange(len(dataset.y_train)), TrainingConfig(epochs), seed=0)
    store.put(
        "trained",
        key,
        Artefact({name: value.contiguous().numpy() for name, value in model.state_dict().items()}),
    )
    return model


# --- subspace -----


def textbook(
    model: nn.Module,
    samples: Iterator[tuple[int, Tensor]],
    retain: list[int],
    energy_threshold: float,
) -> dict[str, Matrix]:
    """The retain bases as published: an SVD of all patches for each layer and class, then one more.

    The second SVD merges the bases of the classes.

    Args:
        model: in eval mode.
        samples: (class, all of its inputs), once per class.
        retain: classes whose bases are joined.
        energy_threshold: γ each class is cut at.

    Returns:
        Layer -> orthonormal columns (d, k).
    """
    bases: dict[str, dict[int, Matrix]] = {}
    for label, inputs in samples:
        for name, columns in patch_matrices(model, inputs):
            bases.setdefault(name, {})[label] = leading(columns, energy_threshold)
    return {
        name: leading(np.concatenate([of_class[c] for c in retain], axis=1), MERGE_THRESHOLD)
        for name, of_class in bases.items()
    }


def patch_matrices(model: nn.Module, inputs: Tensor) -> Iterator[tuple[str, Matrix]]:
    """(layer, every input vector or patch as a column (d, n)) of ungrouped, zero-padded layers."""
    layers = represented_layers(model)
    received: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        return lambda module, args: received.update({name: args[0]})

    hooks = [layer.register_forward_pre_hook(keep(name)) for name, layer in layers.items()]
    with torch.no_grad():
        model(inputs)
    for hook in hooks:
        hook.remove()
    for name, layer in layers.items():
        yield name, columns_of(layer, received.pop(name))


def columns_of(layer: Layer, x: Tensor) -> Matrix:
    """The im2col matrix (d, n) of a layer's input, with the layer's own geometry."""
    if isinstance(layer, nn.Linear):
        return x.T.numpy()
    patches = F.unfold(
        x, layer.kernel_size, layer.dilation, layer.padding, layer.stride
    )  # (images, d, positions)
    return patches.movedim(1, 0).flatten(1).numpy()


def leading(columns: Matrix, energy_threshold: float) -> Matrix:
    """The fewest left singular vectors that hold γ of the energy."""
    vectors, values, _ = np.linalg.svd(columns, full_matrices=False)
    shares = np.cumsum(values.astype(np.float64) ** 2)
    return vectors[:, : int(np.searchsorted(shares, energy_threshold * shares[-1])) + 1]


def best_threads(rows: int = 432, columns: int = 8192) -> int:
    """The number of threads that numpy's SVD is fastest with: on busy cores more can be slower."""
    sample = np.random.default_rng(0).standard_normal((rows, columns), dtype=np.float32)
    seconds = {}
    for threads in {1, os.cpu_count() or 1}:
        with threadpool_limits(threads, "blas"):
            seconds[threads] = timed(lambda: np.linalg.svd(sample, full_matrices=False))[0]
    return min(seconds, key=lambda threads: seconds[threads])


def default_moments(
    model: nn.Module, data: DeviceData, num_classes: int = 10, images: int = MOMENTS.images
) -> Moments:
    """Second moments as an experiment collects them."""
    config = enough_images(model, num_classes, replace(MOMENTS, images=images))
    return second_moments(
        model,
        class_batches(data, config.images),
        num_classes,
        images=config.images,
        positions=config.positions,
    )


def retain_spectra(moments: Moments, forget: int = FORGET) -> dict[str, tuple[Spectrum, ...]]:
    """The spectra of the retained classes, as an experiment computes them."""
    with one_thread():
        return spectra(moments.retain((forget,)))


def cut(
    found: dict[str, tuple[Spectrum, ...]], energy_threshold: float = DEFAULT_ENERGY_THRESHOLD
) -> dict[str, NullSpace]:
    """Every layer's null space (of ungrouped layers)."""
    return {layer: null_space(groups[0], energy_threshold) for layer, groups in found.items()}


def kept(second_moment: Tensor, basis: Tensor) -> float:
    """The share of a second moment's energy that a basis holds."""
    return float((basis * (second_moment @ basis)).sum() / second_moment.trace())


def subspace(images: int = IMAGES, name: str = "allcnn", classes: int = TEXTBOOK_CLASSES) -> Rows:
    """Null spaces of a network, 10 classes: sampled moments against an SVD of all patches."""
    model, data = trained(name), clothes_data()
    started = time.process_time()
    collect, moments = timed(lambda: default_moments(model, data), 3)
    decompose, found = timed(lambda: retain_spectra(moments), 3)
    slicing, ours = timed(lambda: cut(found), 3)
    seconds, processor = collect + decompose + slicing, (time.process_time() - started) / 3
    yield Row(
        "subspace",
        f"ours, moments of {moments.images} images per class, {moments.positions} patches each",
        collect,
        "s",
    )
    yield Row("subspace", "ours, all of it", seconds, "s")
    yield Row(
        "subspace", "a new γ, all layers", timed(lambda: cut(found, 0.97), 9)[0], "s", at_most=0.02
    )
    yield Row(
        "subspace",
        "a new class to forget, all layers",
        timed(lambda: cut(retain_spectra(moments, 3)), 5)[0],
        "s",
        at_most=0.4,
    )
    yield from energy(model, data, images, {layer: space.basis for layer, space in ours.items()})
    threads = best_threads()
    first = [(label, inputs) for label, inputs in class_batches(data, images) if label < classes]
    started = time.process_time()
    with threadpool_limits(threads, "blas"):
        took, _ = timed(
            lambda: textbook(model, iter(first), list(range(classes)), DEFAULT_ENERGY_THRESHOLD)
        )
    whole = 10 / classes
    work = (time.process_time() - started) * whole
    yield Row(
        "subspace",
        f"textbook: SVD of all patches, {images} images, {classes} class(es), {threads} thread(s)",
        took,
        "s",
    )
    yield Row(
        "subspace",
        f"textbook, ten classes ÷ ours ({whole:g} × the line above)",
        took * whole / seconds,
        "×",
        at_least=100.0,
    )
    yield Row(
        "subspace",
        "the same in processor seconds, which other programs disturb less",
        work / processor,
        "×",
    )


def energy(model: nn.Module, data: DeviceData, images: int, ours: dict[str, Tensor]) -> Rows:
    """What sampling costs: energy of all patches in our bases, against the best ones at this γ."""
    took, full = timed(
        lambda: second_moments(model, class_batches(data, images, batch_size=64), 10)
    )
    everything = full.retain((FORGET,))
    with one_thread():
        best = cut(spectra(everything))
    differences = {
        layer: 100 * (kept(everything[layer][0], basis) - best[layer].energy)
        for layer, basis in ours.items()
    }
    worst = max(differences, key=lambda layer: abs(differences[layer]))
    ranks = f"rank {ours[worst].shape[1]} for {best[worst].rank}"
    yield Row("subspace", f"moments of all patches of {images} images per class", took, "s")
    yield Row(
        "subspace",
        f"energy lost by sampling, worst layer ({worst}: {ranks})",
        abs(differences[worst]),
        "%",
        at_most=0.1,
    )
    yield Row(
        "subspace",
        "energy lost by sampling, mean over layers",
        float(np.mean(np.abs(list(differences.values())))),
        "%",
    )


# --- step -----


def projected(model: nn.Module, data: DeviceData, dataset: Dataset) -> Project:
    """What UNSC does to each gradient of this network."""
    found = retain_spectra(default_moments(model, data))
    context = Context(
        split(dataset, (FORGET,)),
        data,
        0,
        DEFAULT_ENERGY_THRESHOLD,
        0.1,
        1,
        Stages(),
        lambda: found,
        lambda: found,
        lambda: model,
    )
    return projections(model, context)[0]


def plain_step(model: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor) -> None:
    """Textbook SGD."""
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()


def step(names: tuple[str, ...] = ("small-cnn", "allcnn", "alexnet"), repeats: int = 15) -> Rows:
    """A UNSC step (forward, backward, projection, clipping, SGD) against a plain SGD step.

    Network, batch and BatchNorm are the same.
    """
    data = clothes_data()
    x, y = (
        data.inputs(data.x_train[: SgdConfig(0.1, 1).batch_size]),
        data.y_train[: SgdConfig(0.1, 1).batch_size],
    )
    for name in names:
        model = trained(name)
        project = projected(model, data, clothes())
        weights = {key: parameter for key, parameter in model.named_parameters() if key in project}
        plain = torch.optim.SGD(model.parameters(), 1e-3)
        ours = torch.optim.SGD(weights.values(), 1e-3)

        def projected_step(model=model, ours=ours, weights=weights, project=project) -> None:
            _step(model, ours, F.cross_entropy(model(x), y), weights, project, 1.0)

        pairs = [
            (timed(projected_step)[0], timed(partial(plain_step, model, plain, x, y))[0])
            for _ in range(repeats + 2)
        ][2:]
        yield Row("step", f"{name}: plain SGD", 1e3 * median(theirs for _, theirs in pairs), "ms")
        yield Row(
            "step",
            f"{name}: UNSC ÷ plain SGD, median of {repeats} pairs",
            median(a / b for a, b in pairs),
            "×",
            at_most=1.25,
        )


# --- retrain -----


def unlearn_or_retrain(
    name: str, config: ExperimentConfig, at_least: float, also_stored: bool
) -> Rows:
    """UNSC with all its own stages against retraining, in an empty store, with a given original.

    Args:
        name: of the comparison.
        config: must not have a shipped retrained model.
        at_least: how many times faster UNSC should be.
        also_stored: use the stored retrained model and its seconds, if they are there.
    """
    # torch imports its compiler with the first optimizer, which belongs to neither side.
    first, _ = timed(lambda: torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.1))
    with tempfile.TemporaryDirectory() as folder:
        work = Experiment(config, Store(Path(folder)))
        for key in (work.keys.original, *([work.keys.retrained] if also_stored else [])):
            if (artefact := Store().get("trained", key)) is not None:
                work.store.put("trained", key, artefact)
        _ = work.original
        before, clock = dict(work.stages.seconds), [time.process_time()]
        wall, unlearned = timed(lambda: work.unlearned)
        clock.append(time.process_time())
        took = {stage: work.stages.seconds[stage] - before.get(stage, 0.0) for stage in STAGES}
        _ = work.retrained
        clock.append(time.process_time())
        retrain = work.store.get("trained", work.keys.retrained).meta["seconds"]
        recorded = "" if "retrain" in work.stages.seconds else ", as recorded when it was trained"
    what = f"{config.dataset}, {config.model}, class {FORGET}"
    yield Row(name, f"{what}: retraining{recorded}", retrain, "s")
    stages = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in took.items())
    yield Row(name, f"UNSC, {len(unlearned.history) - 1} epochs: {stages}", sum(took.values()), "s")
    yield Row(
        name, "UNSC with its check of the sampled energy and the writing of results", wall, "s"
    )
    yield Row(
        name,
        "not counted on either side: what torch imports with a process's first optimizer",
        first,
        "s",
    )
    yield Row(name, "retraining ÷ UNSC", retrain / sum(took.values()), "×", at_least=at_least)
    if not recorded:
        yield Row(
            name,
            "retraining ÷ UNSC with its check, in processor seconds",
            (clock[2] - clock[1]) / (clock[1] - clock[0]),
            "×",
        )


def retrain() -> Rows:
    """The default experiment; seed 1 has no shipped retrained model, so it is trained here."""
    return unlearn_or_retrain(
        "retrain", ExperimentConfig(seed=1, forget_classes=(FORGET,)), 10.0, also_stored=False
    )


def alexnet() -> Rows:
    """The published Fashion-MNIST experiment; hours if its two networks must be trained first."""
    config = ExperimentConfig(dataset="fashion-mnist-32", model="alexnet", forget_classes=(FORGET,))
    return unlearn_or_retrain("alexnet", config, 50.0, also_stored=True)


# --- scaling -----


def net(width: int, num_classes: int) -> nn.Module:
    """AllCNN's kind of network in any width."""
    plan = [
        (1, width, 1),
        (width, width, 1),
        (width, 2 * width, 2),
        (2 * width, 2 * width, 1),
        (2 * width, 2 * width, 2),
    ]
    blocks = [
        layer
        for channels, out, stride in plan
        for layer in (
            nn.Conv2d(channels, out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(),
        )
    ]
    model = nn.Sequential(
        *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2 * width, num_classes)
    )
    return model.to(memory_format=torch.channels_last).eval()


def scaling(
    images: tuple[int, ...] = (64, 256, 1000),
    widths: tuple[int, ...] = (24, 48, 96),
    classes: tuple[int, ...] = (10, 50, 100),
) -> Rows:
    """Moments and bases over images per class, width and number of classes.

    With more than ten classes the labels are assigned in turn.
    """
    narrow, few = widths[0], images[0]
    sizes = (
        [(n, narrow, classes[0]) for n in images]
        + [(few, w, classes[0]) for w in widths[1:]]
        + [(few, narrow, c) for c in classes[1:]]
    )
    for n, width, num_classes in sizes:
        data = clothes_data()
        if num_classes != clothes().num_classes:
            data = replace(data, y_train=torch.arange(len(data.y_train)) % num_classes)
        model = net(width, num_classes)
        collect, moments = timed(lambda: default_moments(model, data, num_classes, n))  # noqa: B023
        decompose, _ = timed(lambda: cut(retain_spectra(moments)))  # noqa: B023
        size = sum(m.numel() * m.element_size() for m in moments.per_class.values())
        what = f"{n} images per class, width {width}, {num_classes} classes"
        yield Row("scaling", f"{what}: moments", collect, "s")
        yield Row("scaling", f"{what}: bases", decompose, "s")
        yield Row("scaling", f"{what}: moments kept", size / 2**20, "MiB")


# --- memory -----

WORDS = {
    "run": "peak of the default run",
    "train": "peak of the default run for a seed that is not shipped: trains",
    "allcnn": "peak of AllCNN: moments, all predictions, an epoch of unlearning",
    "moments": f"peak of AllCNN: moments of all images, {memory.POSITIONS} patches each",
}


def peaks() -> Rows:
    """Peak resident memory, each in a fresh process."""
    for name, took in memory.peaks(list(memory.WORK)):
        what = f"{WORDS[name]}; {took['images']:,} images, {took['seconds']:.0f} s"
        yield Row("memory", what, took["bytes"] / memory.GIB, "GiB", at_most=memory.WORK[name])


# --- gpu -----


def photographs(n: int, device: str) -> DeviceData:
    """Random images of CIFAR-10's size on a device: speed does not depend on what they show."""
    x = torch.randint(0, 256, (n, 3, 32, 32), dtype=torch.uint8, device=device)
    y = torch.arange(n, device=device) % 10
    ones = torch.ones(1, 3, 1, 1, device=device)
    return DeviceData(x, y, x[:1000], y[:1000], -ones, ones / 128, False)


def gpu(n: int = 50_000, forget: int = 4_500, epochs: int = 25, device: str = "cuda") -> Rows:
    """AllCNN at CIFAR-10's size: moments, unlearning, three kinds of step, the hardware's limit."""
    if device == "cuda" and not torch.cuda.is_available():
        print("gpu       not measured: no CUDA device here")
        return
    data = photographs(n, device)
    model = build_model("allcnn", (3, 32, 32), 10).to(device).eval()
    collected, _ = timed(
        lambda: second_moments(model, class_batches(data, 0), 10, positions=MOMENTS.positions), 2
    )
    yield Row(
        "gpu",
        f"moments of {n:,} images, {MOMENTS.positions} patches each",
        collected,
        "s",
        at_most=3.0,
    )
    project = projected(model, data, clothes())
    rows = torch.arange(forget, device=device)
    labels = data.y_train[rows].roll(1)

    def work(epochs: int) -> None:
        sgd = SgdConfig(0.04, epochs, floor=-1.0)
        relabel(copy.deepcopy(model), data, rows, labels, sgd, 0, project=project)

    work(1)
    took, _ = timed(lambda: work(epochs))
    yield Row(
        "gpu",
        f"unlearning {forget:,} images, {epochs} epochs, after a warm-up",
        took,
        "s",
        at_most=3.0,
    )
    yield from steps_on_gpu(model, data, project)
    yield from floor(model, data, forget * epochs)


def steps_on_gpu(model: nn.Module, data: DeviceData, project: Project, repeats: int = 50) -> Rows:
    """The UNSC step run eagerly, with the network compiled, and as one captured CUDA graph."""
    x, y = data.inputs(data.x_train[:128]), data.y_train[:128]
    weights = {key: parameter for key, parameter in model.named_parameters() if key in project}
    optimizer = torch.optim.SGD(weights.values(), 1e-4)

    def one(network: Callable[[Tensor], Tensor] = model) -> None:
        _step(model, optimizer, F.cross_entropy(network(x), y), weights, project, 1.0)

    def many(work: Callable[[], None]) -> float:
        def loop() -> None:
            for _ in range(repeats):
                work()

        return 1e3 * timed(loop, 3)[0] / repeats

    for words, prepare in (
        ("eager", lambda: one),
        ("compiled", lambda: compiled(model, one)),
        ("captured graph", lambda: captured(one)),
    ):
        try:
            work = prepare()
            work()
            yield Row("gpu", f"step of 128 images: {words}", many(work), "ms")
        except Exception as error:  # a compiler that is missing must not cost the other numbers
            reason = f"{type(error).__name__}: {str(error)[:200]}"
            print(f"gpu       step of 128 images: {words} not measured ({reason})")


def compiled(model: nn.Module, one: Callable[..., None]) -> Callable[[], None]:
    """The step with torch.compile on the network."""
    network = torch.compile(model)
    return lambda: one(network)


def captured(one: Callable[[], None]) -> Callable[[], None]:
    """The step as one CUDA graph, recorded after a warm-up on a side stream."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            one()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        one()
    return graph.replay


def floor(model: nn.Module, data: DeviceData, samples: int, batch: int = 128) -> Rows:
    """The least time that unlearning `samples` images could take on this hardware.

    Operations of forward and backward over the measured matmul rate; bytes over the measured
    bandwidth, with each layer's input and output moved once forward and twice backward.
    """
    from torch.utils.flop_counter import FlopCounterMode

    moved = 0

    def add(module: nn.Module, args: tuple[Tensor, ...], out: Tensor) -> None:
        nonlocal moved
        moved += 3 * (args[0].numel() + out.numel()) * 4

    x, y = data.inputs(data.x_train[:batch]), data.y_train[:batch]
    hooks = [m.register_forward_hook(add) for m in model.modules() if not list(m.children())]
    with FlopCounterMode(display=False) as counter:
        F.cross_entropy(model(x), y).backward()
    for hook in hooks:
        hook.remove()
    side = 8192 if data.device.type == "cuda" else 1024
    square, block = (
        torch.randn(side, side, device=data.device),
        torch.empty(side * side * 4, device=data.device),
    )
    square @ square
    rate = 2 * side**3 / timed(lambda: square @ square, 5)[0]
    bandwidth = 2 * block.numel() * 4 / timed(block.clone, 5)[0]
    yield Row("gpu", "measured matmul rate, float32 as configured", rate / 1e12, "TF/s")
    yield Row("gpu", "measured bandwidth", bandwidth / 1e9, "GB/s")
    yield Row(
        "gpu",
        "floor of the unlearning by operations",
        counter.get_total_flops() / rate * samples / batch,
        "s",
    )
    yield Row("gpu", "floor of the unlearning by bytes", moved / bandwidth * samples / batch, "s")


COMPARISONS: dict[str, Callable[[], Rows]] = {
    "subspace": subspace,
    "step": step,
    "retrain": retrain,
    "scaling": scaling,
    "memory": peaks,
    "gpu": gpu,
    "alexnet": alexnet,
}
ONLY_WHEN_ASKED = ("alexnet",)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.speed", description=__doc__)
    parser.add_argument(
        "--only",
        metavar="NAME,…",
        help=f"some of {', '.join(COMPARISONS)} (default: all but {', '.join(ONLY_WHEN_ASKED)})",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write everything there")
    options = parser.parse_args()
    names = (
        options.only.split(",")
        if options.only
        else [name for name in COMPARISONS if name not in ONLY_WHEN_ASKED]
    )
    if unknown := sorted(set(names) - set(COMPARISONS)):
        parser.error(f"unknown comparison {unknown[0]}; choose from {', '.join(COMPARISONS)}")
    machine = here()
    print(", ".join(f"{key} {value}" for key, value in machine.items()), flush=True)
    rows = []
    for name in names:
        for row in COMPARISONS[name]():
            print(row, flush=True)
            rows.append(row)
        if options.json:  # after each comparison, so that what was measured is not lost
            found = {"machine": machine, "rows": [{**asdict(row), "met": row.met} for row in rows]}
            options.json.write_text(json.dumps(found, ensure_ascii=False, indent=1))
    met = [row.met for row in rows if row.met is not None]
    print(f"{sum(met)} bars met, {len(met) - sum(met)} missed")


if __name__ == "__main__":
    main()
