"""User-supplied networks: a real experiment, keys that follow the content, every possible error."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from tests.conftest import Outcome, blobs, digits, flat
from unsc_core.config import ExperimentConfig
from unsc_core.errors import ConfigError
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.keys import Keys, keys
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.store import Store
from unsc_core.models import MODELS, build_model, model_digest
from unsc_core.runs.exporting import export_result
from unsc_core.subspace.moments import second_moments
from unsc_core.subspace.representations import check_covered

HEAD = "import torch\nfrom torch import nn\nfrom torch.nn import functional as F\n"
ROWS = '''
class Rows(nn.Module):
    """An image's rows are the channels of a sequence."""

    def __init__(self, channels, num_classes):
        super().__init__()
        self.first = nn.Conv1d(channels, 32, 3, padding=1)
        self.norm = nn.BatchNorm1d(32)
        self.second = nn.Conv1d(32, 64, 3, padding="same", padding_mode="circular")
        self.last = nn.LazyLinear(num_classes)

    def forward(self, x):
        x = F.relu(self.norm(self.first(x.flatten(1, 2))))
        return self.last(F.relu(self.second(x)).view(len(x), -1))


def make(input_shape, num_classes):
    return Rows(input_shape[0] * input_shape[1], num_classes)
'''
FLAT = """
def make(input_shape, num_classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, num_classes))
"""


def own(folder: Path, source: str, name: str = "net.py") -> str:
    """Write a model file and name its function `make`."""
    (folder / name).write_text(HEAD + source)
    return f"{folder / name}:make"


def own_keys(config: ExperimentConfig) -> Keys:
    work = Experiment(config)
    return keys(resolve(config, work.dataset), work.dataset)


def test_rows_of_digits_forget_a_class(tmp_path: Path) -> None:
    work = Experiment(
        digits(model=own(tmp_path, ROWS), training_epochs=12), Store(tmp_path / "store")
    )
    result = work.run()
    of_forget = result.split.is_forgotten("test")
    truth = work.dataset.y_test
    right = {name: answers.test.argmax(1) == truth for name, answers in result.models.items()}
    assert right["original"][of_forget].mean() > 0.9
    assert right["unlearned"][of_forget].mean() < 0.05
    assert right["original"][~of_forget].mean() > 0.9
    assert right["unlearned"][~of_forget].mean() > right["original"][~of_forget].mean() - 0.02
    assert {layer: numbers["dim"] for layer, numbers in result.null_space.items()} == {
        "first": 24,
        "second": 96,
        "last": 512,
    }
    changed = {
        name
        for name, value in work.original.state_dict().items()
        if not torch.equal(value, work.unlearned.model.state_dict()[name])
    }
    assert changed == {"first.weight", "second.weight", "last.weight"}
    again = Experiment(work.config, work.store)
    assert torch.equal(flat(again.unlearned.model), flat(work.unlearned.model))
    assert not again.stages.seconds.keys() & {"train", "unlearn"}


def test_on_the_command_line(command: Callable[..., Outcome], tmp_path: Path) -> None:
    model = own(tmp_path, FLAT)
    request = (
        "run",
        "--dataset=digits",
        f"--model={model}",
        "--forget=3",
        "--training-epochs=4",
        "--epochs=3",
        "--device=cpu",
        "--json",
    )
    done = command(*request)
    assert done.code == 0, done.err
    said = json.loads(done.out)
    assert said["config"]["model"] == model
    assert set(said["seeds"][0]["null_space"]) == {"1", "3"}
    own(tmp_path, "def make(shape, n): return [].pop()")
    done = command(*request)
    assert done.code == 2
    last = done.err.strip().splitlines()[-1]
    assert "input_shape=(1, 8, 8), num_classes=10: IndexError in line 4: pop from empty" in last
    assert "Traceback" not in done.err


def test_keys_follow_the_content_and_the_function(tmp_path: Path) -> None:
    model = own(tmp_path, FLAT + "\nother = make\n")
    before = own_keys(digits(model=model))
    assert own_keys(digits(model=own(tmp_path, FLAT + "\nother = make\n", "moved.py"))) == before
    others = [
        own_keys(digits(model=model.replace(":make", ":other"))),
        own_keys(digits(model=own(tmp_path, FLAT))),
    ]
    for other in others:
        assert not set(vars(other).values()) & set(vars(before).values())


@pytest.mark.parametrize("name", MODELS)
def test_keys_of_the_registry_are_their_names(name: str) -> None:
    assert model_digest(name) == name


def test_an_edit_is_built_at_once_and_never_under_the_old_key(tmp_path: Path) -> None:
    model = own(tmp_path, FLAT)
    work = Experiment(digits(model=model, training_epochs=1, epochs=1))
    work.check()
    first = build_model(model, (1, 8, 8), 10)
    own(
        tmp_path, FLAT.replace("16", "23")
    )  # of the same length, within the same second: what a cache of bytecode would miss
    assert build_model(model, (1, 8, 8), 10)[1].out_features == 23 != first[1].out_features
    with pytest.raises(ConfigError, match="has changed since this experiment began"):
        work.run()


def test_a_result_of_another_content_is_not_exported(tmp_path: Path) -> None:
    config = digits(model=own(tmp_path, FLAT), training_epochs=1, epochs=1)
    key = Experiment(config).run().key
    assert "config.json" in {path.name for path in export_result(key, tmp_path / "out")}
    own(tmp_path, FLAT.replace("16", "17"))
    Experiment(config).run()
    refused(lambda: export_result(key, tmp_path / "other"), key, "changed", "run it again")


def test_weights_follow_the_seed_alone(tmp_path: Path) -> None:
    model = own(tmp_path, "SCALE = torch.rand(1)\n" + FLAT)
    state = torch.random.get_rng_state()
    weights = [flat(build_model(model, (1, 8, 8), 10, seed)) for seed in (0, 0, 1)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert torch.equal(torch.random.get_rng_state(), state)


def test_views_of_images_in_channels_last_layout(tmp_path: Path) -> None:
    source = """
class Net(nn.Module):
    def __init__(self, input_shape, num_classes):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(144, num_classes)
    def forward(self, x):
        return self.fc(self.conv(x).view(len(x), -1))
make = Net
"""
    model = build_model(own(tmp_path, source), (3, 8, 8), 2)
    images = torch.rand(5, 3, 8, 8)
    assert torch.equal(model(images.contiguous(memory_format=torch.channels_last)), model(images))


def test_a_network_of_one_layer(tmp_path: Path) -> None:
    work = Experiment(
        blobs(
            model=own(tmp_path, "def make(shape, n): return nn.Linear(*shape, n)"),
            training_epochs=2,
            epochs=2,
        )
    )
    assert set(work.run().null_space) == {"0"}


@dataclass(frozen=True)
class BadFile:
    """A model file that cannot be used, and the words of the answer."""

    name: str
    source: str
    words: tuple[str, ...]


def returns(name: str, network: str, *words: str) -> BadFile:
    return BadFile(name, f"def make(shape, n):\n    return {network}\n", words)


def module(name: str, forward: str, *words: str) -> BadFile:
    source = f"""
class Net(nn.Module):
    def __init__(self, shape, n):
        super().__init__()
        self.fc = nn.Linear(64, n)
    def forward(self, x):
        x = x.flatten(1)
        return {forward}
make = Net
"""
    return BadFile(name, source, words)


BAD_FILES = [
    BadFile(
        "syntax error", "def make(:\n", ("net.py cannot be run", "SyntaxError in line 4", "invalid")
    ),
    BadFile(
        "import that fails",
        "\nimport no_such_thing\n",
        ("cannot be run", "ModuleNotFoundError in line 5", "no_such_thing"),
    ),
    BadFile("exit", "raise SystemExit\n", ("cannot be run", "SystemExit in line 4")),
    BadFile(
        "no function",
        "def build(shape, n): pass\n",
        ("no function 'make'", "def make(input_shape, num_classes)"),
    ),
    BadFile("not a function", "make = 3\n", ("no function 'make'",)),
    BadFile(
        "raises",
        "def make(shape, n):\n    raise ValueError('too\\nbad.')\n",
        ("input_shape=(1, 8, 8)", "ValueError in line 5: too."),
    ),
    BadFile("takes too little", "def make(): pass\n", ("num_classes=10", "TypeError")),
    returns("nothing", "None", "returned a NoneType", "torch.nn.Module"),
    returns("class", "nn.Linear", "returned a type"),
    returns(
        "too few logits",
        "nn.Sequential(nn.Flatten(), nn.Linear(64, 7))",
        "2×10",
        "Tensor of size 2×7",
    ),
    returns("an image", "nn.Conv2d(1, 10, 3)", "2×10", "2×10×6×6"),
    returns(
        "other input",
        "nn.Linear(100, n)",
        "samples of size 1×8×8 in eval mode",
        "RuntimeError",
        "mat1",
    ),
    returns(
        "double",
        "nn.Sequential(nn.Flatten(), nn.Linear(64, n)).double()",
        "fails on samples",
        "dtype",
    ),
    returns(
        "nothing to train",
        "nn.Sequential(nn.Flatten(), nn.Linear(64, n).requires_grad_(False))",
        "no trainable parameters",
    ),
    module("tuple", "(self.fc(x), x)", "2×10", "a tuple"),
    module(
        "tuple in training", "(self.fc(x), x) if self.training else self.fc(x)", "2×10", "a tuple"
    ),
    module("not finite", "self.fc(x) / 0", "not finite"),
    module(
        "not differentiable",
        "self.fc(x).detach()",
        "no trainable parameters that its logits depend on",
    ),
    module(
        "fails in training",
        "self.fc(x) if not self.training else 1 / 0",
        "training mode",
        "ZeroDivisionError in line 11",
    ),
    BadFile(
        "lazy layer that is never called",
        """
class Net(nn.Linear):
    def __init__(self, shape, n):
        super().__init__(64, n)
        self.aux = nn.LazyLinear(3)
    def forward(self, x):
        return super().forward(x.flatten(1))
make = Net
""",
        ("aux.weight'", "never called"),
    ),
    BadFile(
        "buffer called labels",
        "def make(shape, n):\n    net = nn.Sequential(nn.Flatten(), nn.Linear(64, n))\n"
        "    net.register_buffer('labels', torch.zeros(3))\n    return net\n",
        ("'labels'", "another name"),
    ),
]


def refused(call: Callable[[], object], *words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        call()
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert ".." not in sentence
    for word in words:
        assert word in sentence


@pytest.mark.parametrize("case", BAD_FILES, ids=[case.name for case in BAD_FILES])
def test_bad_file_is_one_sentence(case: BadFile, tmp_path: Path, home: Path) -> None:
    config = digits(model=own(tmp_path, case.source), training_epochs=1)
    refused(Experiment(config).run, str(tmp_path / "net.py"), *case.words)
    assert not list(home.rglob("*.safetensors"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("{0}/none.py:make", ("none.py cannot be read (No such file or directory)",)),
        ("{0}/folder.py:make", ("folder.py cannot be read (Is a directory)",)),
        ("~nobody-has-this-name/net.py:make", ("nobody-has-this-name",)),
        ("\0.py:make", ("cannot be read",)),
        ("{0}/none.py", ("which function", "net.py:make")),
        ("{0}/none.py:", ("which function",)),
        ("{0}/none.py:make()", ("which function",)),
        (".py:make", ("which function",)),
        ("net:make", ("Unknown model 'net:make'", "net.py:make")),
    ],
)
def test_bad_name_is_found_out_before_anything_runs(
    name: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "folder.py").mkdir()
    refused(Experiment(digits(model=name.format(tmp_path))).check, *words)


# What the null space does not cover.


class Calls(nn.Module):
    """One Linear layer (8 → 8) that `forward` uses in its own way."""

    def __init__(
        self,
        forward: Callable[[Calls, torch.Tensor], torch.Tensor],
        **parts: nn.Module | nn.Parameter,
    ) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 8)
        for name, part in parts.items():
            setattr(self, name, part)
        self.own_forward = forward

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.own_forward(self, x)


class CentredConv(nn.Conv2d):
    """A convolution with another weight than its parameter."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self._conv_forward(
            x, self.weight - self.weight.mean((1, 2, 3), keepdim=True), self.bias
        )


def tied() -> nn.Module:
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
    model[2].weight = model[0].weight
    return model


def tied_embedding() -> nn.Module:
    model = Calls(
        lambda m, x: m.fc(m.words(x.long().clamp(0, 7)).mean(1)), words=nn.Embedding(8, 8)
    )
    model.words.weight = model.fc.weight
    return model


def by_old_weight_norm() -> nn.Module:
    with pytest.warns(FutureWarning):
        return nn.Sequential(nn.utils.weight_norm(nn.Linear(8, 8)))


UNCOVERED: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], tuple[str, ...]]] = {
    "transposed": (
        lambda: nn.Sequential(nn.ConvTranspose2d(2, 3, 3)),
        (2, 8, 8),
        ("'0.weight'", "2×3×3×3", "ConvTranspose2d", "pseudo-labels"),
    ),
    "conv3d": (lambda: nn.Sequential(nn.Conv3d(2, 3, 2)), (2, 4, 4, 4), ("'0.weight'", "Conv3d")),
    "embedding": (
        lambda: Calls(lambda m, x: m.fc(m.e.weight[:3]), e=nn.Embedding(5, 8)),
        (8,),
        ("'e.weight'", "5×8", "Embedding"),
    ),
    "attention": (
        lambda: Calls(lambda m, x: m.fc(m.a(x, x, x)[0]), a=nn.MultiheadAttention(8, 2)),
        (3, 8),
        ("'a.in_proj_weight'", "Multihead"),
    ),
    "lstm": (
        lambda: Calls(lambda m, x: m.fc(m.r(x)[0]), r=nn.LSTM(8, 8)),
        (3, 8),
        ("'r.weight_ih_l0'", "LSTM"),
    ),
    "bilinear": (
        lambda: Calls(lambda m, x: m.b(x, m.fc(x)), b=nn.Bilinear(8, 8, 2)),
        (8,),
        ("'b.weight'", "Bilinear"),
    ),
    "bare parameter": (
        lambda: Calls(lambda m, x: m.fc(x) @ m.w, w=nn.Parameter(torch.eye(8))),
        (8,),
        ("'w'", "8×8", "Calls"),
    ),
    "parametrised": (
        lambda: nn.Sequential(parametrizations.weight_norm(nn.Linear(8, 8))),
        (8,),
        ("'0.parametrizations.weight.original1'",),
    ),
    "weight norm of old": (by_old_weight_norm, (8,), ("'0.weight_v'", "Linear")),
    "forward of its own": (
        lambda: nn.Sequential(CentredConv(2, 3, 3)),
        (2, 8, 8),
        ("'0.weight'", "CentredConv"),
    ),
    "tied": (tied, (8,), ("'0' (Linear)", "tied")),
    "tied to an embedding": (tied_embedding, (8,), ("'fc' (Linear)", "tied")),
    "functional only": (
        lambda: Calls(lambda m, x: nn.functional.linear(x, m.fc.weight)),
        (8,),
        ("'fc' (Linear)", "functional"),
    ),
    "functional, too": (
        lambda: Calls(lambda m, x: m.fc(x) @ m.fc.weight),
        (8,),
        ("'fc' (Linear)", "functional"),
    ),
}


@pytest.mark.parametrize("name", UNCOVERED)
def test_what_the_null_space_does_not_cover_is_named(name: str) -> None:
    make, shape, words = UNCOVERED[name]
    model = make()
    refused(lambda: check_covered(model, torch.rand(2, *shape)), *words)
    assert model.training


COVERED: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "called twice": (lambda: Calls(lambda m, x: m.fc(m.fc(x))), (8,)),
    "under two names": (lambda: nn.Sequential(*[nn.Linear(8, 8)] * 2), (8,)),
    "never called": (lambda: Calls(lambda m, x: m.fc(x), aux=nn.Linear(8, 3)), (8,)),
    "frozen": (
        lambda: Calls(
            lambda m, x: m.fc(x) + m.e.weight[:1], e=nn.Embedding(5, 8).requires_grad_(False)
        ),
        (8,),
    ),
    "norms and scales": (
        lambda: nn.Sequential(
            nn.LayerNorm((2, 8, 8)),
            nn.Conv2d(2, 4, 3),
            nn.GroupNorm(2, 4),
            nn.PReLU(4),
            nn.Flatten(),
            nn.RMSNorm(144),
        ),
        (2, 8, 8),
    ),
    "scale per channel": (
        lambda: Calls(lambda m, x: m.fc(x) * m.s, s=nn.Parameter(torch.ones(1, 8))),
        (8,),
    ),
}


@pytest.mark.parametrize("name", COVERED)
def test_what_stays_frozen_or_is_seen_is_no_error(name: str) -> None:
    make, shape = COVERED[name]
    model = make()
    check_covered(model, torch.rand(2, *shape))
    assert model.training
    assert all(not module._forward_pre_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_uncovered_weights_are_found_before_training_and_only_where_they_matter(
    tmp_path: Path, home: Path
) -> None:
    source = FLAT.replace(
        "nn.Flatten()", "nn.ConvTranspose2d(1, 1, 1), nn.ConvTranspose2d(1, 2, 3), nn.Flatten()"
    ).replace("64", "200")
    config = digits(model=own(tmp_path, source), training_epochs=1, epochs=1)
    refused(Experiment(config).run, "'1.weight'", "ConvTranspose2d")
    assert not list(home.rglob("*.safetensors"))
    Experiment(
        digits(model=config.model, method="pseudo-labels", training_epochs=1, epochs=1)
    ).run()


def test_a_layer_called_twice_is_seen_in_both_places() -> None:
    model = Calls(lambda m, x: m.fc(torch.relu(m.fc(x)))).double()
    inputs: list[torch.Tensor] = []
    model.fc.register_forward_pre_hook(lambda module, args: inputs.append(args[0].detach()))
    found = second_moments(model, iter([(0, torch.rand(20, 8).double())]), 1).retain(())["fc"][0]
    assert len(inputs) == 2
    assert torch.allclose(found, inputs[0].T @ inputs[0] + inputs[1].T @ inputs[1])
