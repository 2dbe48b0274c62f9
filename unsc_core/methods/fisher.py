"""Fisher forgetting: add noise to every weight, more of it where the retain set needs it less.

Source: Golatkar, Achille, Soatto: Eternal Sunshine of the Spotless Net: Selective Forgetting in
Deep Networks, CVPR 2020, arXiv 1911.04933, with the bounds and the treatment of the last layer in
their code. Differences here: the diagonal of the Fisher information is estimated from at most 1,000
retain samples with one label each, drawn from the predicted probabilities, instead of from all of
D_r and all classes (the same expectation in a fraction of the time); the last layer is the last one
with a row per class, not every parameter of that length. When classes are forgotten, their rows in
the last layer are replaced by noise around 0, so that they are hardly ever predicted, whatever the
strength.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unsc_core.learning.batches import predict
from unsc_core.learning.training import check_finite
from unsc_core.methods.context import Context, Unlearned
from unsc_core.methods.entry import Method
from unsc_core.subspace.representations import represented_layers

METHOD = Method(
    name="fisher",
    title="Fisher forgetting",
    summary="Adds noise to every weight, less where the rest needs it; strength = learning rate.",
    source="Golatkar, Achille, Soatto: Eternal Sunshine of the Spotless Net, CVPR 2020",
    order=80,
    learning_rate=0.000125,
    single_gradients=1000,
    colour="#5E4FA2",
    mark="hourglass",
)
SAMPLES = 1000
LARGEST, LARGEST_LAST = 1e3, 1e2
"""Upper bound of 1/F for a weight, and for one in the last layer."""
FORGOTTEN = 1e-4
"""Variance around 0 of a forgotten class's weights in the last layer."""
WIDER = 10.0
"""Factor on the variance of the last layer and of biases and norm parameters."""


def unlearn(model: nn.Module, context: Context) -> Unlearned:
    """w + s ξ / √F for every weight w, ξ standard normal; the strength s is `learning_rate`."""
    generator = torch.Generator().manual_seed(context.seed)
    with context.stages.stage("fisher", "estimating the Fisher information"):
        information = fisher_information(model, context, generator)
    last = last_layer(model, context.split.dataset.num_classes)
    parameters = dict(model.named_parameters())
    with context.stages.stage("unlearn", "unlearning"), torch.no_grad():
        for name, known in information.items():
            parameter, in_last = parameters[name], name.rpartition(".")[0] == last
            deviation = noise_deviation(known, context.learning_rate, in_last)
            if in_last and context.split.forget_classes:
                forgotten = list(context.split.forget_classes)
                parameter[forgotten] = 0.0
                deviation[forgotten] = (FORGOTTEN * WIDER) ** 0.5
            noise = torch.randn(
                parameter.shape, generator=generator, dtype=torch.float32, device="cpu"
            )
            parameter.add_(deviation * noise.to(parameter))
        samples = context.data.x_train[context.forget_rows()]
        check_finite(predict(model, context.data, samples).sum(), "Unlearning")
    return Unlearned(model.eval())


def fisher_information(
    model: nn.Module, context: Context, generator: torch.Generator
) -> dict[str, Tensor]:
    """Parameter name -> E[(∂ log p(y|x) / ∂w)²] in the shape of the parameter, x from D_r, y ~
    p(y|x).

    Takes per-sample gradients one at a time: on a CPU this is faster than batching them, and it
    needs no more memory than the network.
    """
    data, rows = context.data, context.retain_rows()
    order = torch.randperm(len(rows), generator=generator, device="cpu")
    samples = data.x_train[rows[order[:SAMPLES].to(data.device)]]
    probabilities = predict(model, data, samples).softmax(1).cpu()
    drawn = torch.multinomial(probabilities, 1, generator=generator)[:, 0].to(data.device)
    parameters = {
        name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad
    }
    totals = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
    for i, (sample, label) in enumerate(zip(samples.split(1), drawn.split(1), strict=True)):
        loss = F.cross_entropy(model(data.inputs(sample)), label)
        gradients = torch.autograd.grad(loss, list(parameters.values()), materialize_grads=True)
        for total, gradient in zip(totals.values(), gradients, strict=True):
            total.addcmul_(gradient, gradient)
        context.stages.tick(i + 1, len(samples))
    return {name: total / len(samples) for name, total in totals.items()}


def last_layer(model: nn.Module, num_classes: int) -> str:
    """Name of the last layer with one row of weights per class, "" if there is none."""
    layers = reversed(represented_layers(model).items())
    return next((name for name, layer in layers if len(layer.weight) == num_classes), "")


def noise_deviation(information: Tensor, strength: float, in_last: bool) -> Tensor:
    """s/√F in the shape of `information`.

    As published, the variance is bounded, averaged over inputs (dimension 1), and widened in the
    last layer and for biases and norm parameters.
    """
    variance = (1.0 / (information + 1e-8)).clamp(max=LARGEST_LAST if in_last else LARGEST)
    if variance.ndim > 1:
        variance = variance.mean(1, keepdim=True).expand_as(information)
    if in_last or variance.ndim == 1:
        variance = WIDER * variance
    return strength * variance.sqrt()
