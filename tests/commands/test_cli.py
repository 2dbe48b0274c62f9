"""The command line: one JSON object or one sentence, and the right exit code."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from tests.bad_inputs import BAD_INPUTS, MARK, BadInput, arguments
from tests.conftest import Outcome
from tests.own_images import save_folder, save_npz
from unsc_core.analysis.comparison import COMPARED
from unsc_core.analysis.measures import MEASURES
from unsc_core.analysis.spread import half_width
from unsc_core.config import ExperimentConfig
from unsc_core.data import DATASETS, load_dataset
from unsc_core.experiment.store import Store
from unsc_core.figures.phrases import MODEL_TITLES
from unsc_core.methods import LISTED, METHODS
from unsc_core.models import MODELS, build_model

Command = Callable[..., Outcome]
QUICK = ("--device=cpu", "--training-epochs=4", "--epochs=4")
MODEL_NUMBERS = {"acc_forget", "acc_retain", "per_class", "train"}


def program(*args: str) -> subprocess.CompletedProcess[str]:
    """`python -m unsc_core` in its own process."""
    return subprocess.run(
        [sys.executable, "-m", "unsc_core", *args], capture_output=True, text=True, timeout=300
    )


def json_of(done: Outcome) -> dict[str, Any]:
    """The one JSON object on stdout."""
    assert done.code == 0, done.err
    assert done.out.count("\n") == 1
    found = json.loads(done.out)
    assert isinstance(found, dict)
    return found


def check_refused(done: Outcome, words: tuple[str, ...]) -> None:
    assert done.code == 2, done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    last = done.err.strip().splitlines()[-1]
    assert last.startswith("error: ")
    assert last.endswith(".")
    for word in words:
        assert word in last


def check_shape(output: dict[str, Any], seeds: list[int], classes: int, retrained: bool) -> None:
    """The documented shape."""
    assert set(output) == {"config", "seeds", "mean", "sd", "interval"}
    assert output["config"]["seeds"] == seeds == [run["seed"] for run in output["seeds"]]
    assert set(output["config"]) == {*ExperimentConfig().to_dict(), "seeds"} - {"seed"}
    models = {"original", "mask", "unlearned"} | ({"retrained"} if retrained else set())
    for run in output["seeds"]:
        assert {
            "seed",
            "key",
            "logit_drift",
            "agreement",
            "over_unlearning",
            "null_space",
            "seconds",
            *models,
        } <= set(run)
        assert ("retrained" in run) == retrained
        assert (run["agreement"] is None) != retrained
        for model in models:
            for numbers in (run[model], run[model]["train"]):
                assert set(numbers) >= MODEL_NUMBERS - {"train"}
                assert len(numbers["per_class"]) == classes
                assert 0 <= numbers["acc_forget"] <= 100
                assert 0 <= numbers["acc_retain"] <= 100
        assert run["mask"]["acc_forget"] == 0
        assert (run["mask"]["agreement"] is None) != retrained
        assert (
            run["gain"]["free"] + run["gain"]["added"]
            == pytest.approx(run["gain"]["total"])
            == pytest.approx(-run["over_unlearning"])
        )
        for numbers in run["null_space"].values():
            assert set(numbers) == {"dim", "rank"}
    for model in models:
        for number in ("acc_forget", "acc_retain"):
            values = [run[model][number] for run in output["seeds"]]
            assert output["mean"][model][number] == pytest.approx(np.mean(values))
            if len(values) == 1:
                assert output["sd"][model][number] is output["interval"][model][number] is None
            else:
                assert output["sd"][model][number] == pytest.approx(np.std(values, ddof=1))
                assert output["interval"][model][number] == pytest.approx(half_width(values))


def test_run_as_a_program_and_again_from_the_store(home: Path) -> None:
    request = ["run", "--dataset", "blobs", "--seeds", "0,1", "--with-retrain", "--json"]
    first, second = program(*request), program(*request)
    output = json_of(Outcome(first.returncode, first.stdout, first.stderr))
    check_shape(output, [0, 1], 4, retrained=True)
    acc_forget = {name: output["mean"][name]["acc_forget"] for name in ("original", "unlearned")}
    assert acc_forget["unlearned"] < 5 < 90 < acc_forget["original"]
    assert output["mean"]["retrained"]["acc_forget"] == 0
    assert "training" in first.stderr
    assert second.stdout == first.stdout
    assert "training" not in second.stderr
    assert "unlearning" not in second.stderr


@pytest.mark.parametrize("method", [*COMPARED, "delete", "leace"])  # one of each other kind
def test_every_method_prints_the_same_shape(
    command: Command, shared_store: Store, method: str
) -> None:
    request = ("run", "--dataset=blobs", f"--method={method}", "--seeds=0,1", "--with-retrain")
    output = json_of(command(*request, "--json", *QUICK, unsc_home=shared_store.root.parent))
    check_shape(output, [0, 1], 4, retrained=True)
    assert output["config"]["method"] == method
    assert bool(output["seeds"][0]["null_space"]) == METHODS[method].uses_energy_threshold


def test_table(command: Command) -> None:
    request = ("run", "--dataset=blobs", "--seeds=0,1", "--with-retrain", *QUICK)
    table, output = command(*request), json_of(command(*request, "--json"))
    assert table.code == 0
    measures = [measure.name for measure in MEASURES.values()]
    words = ["Acc_f", "Acc_r", "free", "over-unlearning", *MODEL_TITLES.values(), *measures]
    for word in (*words, *(run["key"] for run in output["seeds"])):
        assert word in table.out
    for key, measure in MEASURES.items():
        (line,) = [row for row in table.out.splitlines() if row.startswith(f"{measure.name} ")]
        for model in ("original", "mask", "unlearned", "retrained"):
            mean, half = output["mean"][model][key], output["interval"][model][key]
            if key == "seconds":
                half = None  # may be of several machines
            assert measure.number(mean, half, extra=1) in line
    assert "±" not in command("run", "--dataset=blobs", "--seeds=0", "--with-retrain", *QUICK).out
    worst = max(abs(error) for run in output["seeds"] for error in run["energy_error"].values())
    assert f"within {100 * worst:.2f} points" in table.out


def test_options_for_the_moments(command: Command) -> None:
    output = [
        json_of(command("run", "--dataset=blobs", "--json", *QUICK, *options))
        for options in ((), ("--moments-sample=first", "--class-weights=size"))
    ]
    assert [
        (one["config"]["moments_sample"], one["config"]["class_weights"]) for one in output
    ] == [("random", "equal"), ("first", "size")]
    assert output[0]["seeds"][0]["original"] == output[1]["seeds"][0]["original"]
    assert output[0]["seeds"][0]["energy_error"] != output[1]["seeds"][0]["energy_error"]


def test_seeds_of_which_only_some_were_retrained(command: Command) -> None:
    json_of(command("run", "--dataset=blobs", "--seeds=0", "--with-retrain", "--json", *QUICK))
    output = json_of(command("run", "--dataset=blobs", "--seeds=0,1", "--json", *QUICK))
    assert output["mean"]["agreement"] is None
    assert "retrained" not in output["mean"]
    assert command("run", "--dataset=blobs", "--seeds=1,0", *QUICK).code == 0


def test_dataset_decides_network_and_class_when_none_is_named(command: Command) -> None:
    config = json_of(command("run", "--dataset=blobs", "--json", *QUICK))["config"]
    assert (config["model"], config["forget_classes"]) == (
        DATASETS["blobs"].default_model,
        [DATASETS["blobs"].default_forget_class],
    )


@pytest.mark.parametrize("kind", ["npz", "folder"])
def test_user_supplied_images_by_path(command: Command, tmp_path: Path, kind: str) -> None:
    path = (
        save_npz(tmp_path / "own.npz")
        if kind == "npz"
        else save_folder(tmp_path / "own", classes=3, each=12)
    )
    request = ("run", f"--dataset={path}", "--forget=1", "--with-retrain", "--json")
    output = json_of(command(*request, "--device=cpu", "--training-epochs=40"))
    check_shape(output, [0], 3, retrained=True)
    assert output["mean"]["original"]["train"]["acc_retain"] > 80
    assert output["config"]["dataset"] == str(path)
    assert output["config"]["method"] == "unsc-auto"
    assert output["seeds"][0]["chosen"]["tried"]
    if kind == "npz":
        given = json_of(command(*request[:3], "--json", "--energy-threshold=0.9", *QUICK))
        assert given["config"]["method"] == "unsc"
        assert given["config"]["energy_threshold"] == 0.9


def test_user_supplied_checkpoint(command: Command, tmp_path: Path) -> None:
    torch.save(build_model("mlp", (2,), 4, seed=5).state_dict(), tmp_path / "w.pt")
    done = command("run", "--dataset=blobs", f"--checkpoint={tmp_path / 'w.pt'}", "--json", *QUICK)
    output = json_of(done)
    assert "training the original" not in done.err
    exported = command("export", output["seeds"][0]["key"], f"--out={tmp_path / 'out'}")
    assert exported.code == 0, exported.err
    weights = load_file(tmp_path / "out" / "original.safetensors")
    assert all(
        np.array_equal(value.numpy(), weights[name])
        for name, value in build_model("mlp", (2,), 4, seed=5).state_dict().items()
    )


def test_export_writes_what_other_tools_can_read(command: Command, tmp_path: Path) -> None:
    output = json_of(command("run", "--dataset=digits", "--with-retrain", "--json", *QUICK))[
        "seeds"
    ][0]
    out = tmp_path / "new" / "out"
    out.mkdir(parents=True)
    (out / "mine.txt").write_text("was here before")
    done = command("export", output["key"], f"--out={out}")
    assert done.code == 0, done.err
    written = {Path(line) for line in done.out.splitlines()}
    assert written == set(out.iterdir()) - {out / "mine.txt"}

    labels = np.load(out / "labels.npy")
    assert np.array_equal(labels, load_dataset("digits").y_test)
    forget = json.loads((out / "config.json").read_text())["forget_classes"]
    summary = json.loads((out / "summary.json").read_text())
    assert summary["key"] == output["key"]
    of_forget = np.isin(labels, forget)
    for model in ("original", "unlearned", "retrained"):
        right = np.load(out / f"logits_{model}.npy").argmax(1) == labels
        assert 100 * right[of_forget].mean() == pytest.approx(output[model]["acc_forget"])
        assert 100 * np.mean(
            [right[labels == c].mean() for c in range(10) if c not in forget]
        ) == pytest.approx(output[model]["acc_retain"])
        assert summary[model]["acc_forget"] == output[model]["acc_forget"]

    dataset = load_dataset("digits")
    for model in ("original", "unlearned"):
        network = build_model("small-cnn", (1, 8, 8), 10)
        network.load_state_dict(
            {
                name: torch.from_numpy(value)
                for name, value in load_file(out / f"{model}.safetensors").items()
            }
        )
        x = (torch.from_numpy(dataset.x_test).float() / 255 - dataset.mean[0]) / dataset.std[0]
        with torch.no_grad():
            assert np.allclose(
                network.eval()(x).numpy(), np.load(out / f"logits_{model}.npy"), atol=1e-3
            )


@pytest.mark.parametrize("key", ["nope", "", "../../etc/passwd", "0" * 20])
def test_export_of_an_unknown_key(command: Command, tmp_path: Path, key: str) -> None:
    check_refused(
        command("export", key, f"--out={tmp_path / 'out'}"), (f"'{key}'", "run prints the keys")
    )
    assert not (tmp_path / "out").exists()


def test_export_to_an_impossible_folder(command: Command, tmp_path: Path) -> None:
    key = json_of(command("run", "--dataset=blobs", "--json", *QUICK))["seeds"][0]["key"]
    (tmp_path / "file").touch()
    check_refused(
        command("export", key, f"--out={tmp_path / 'file' / 'out'}"),
        ("Not a directory", "choose another folder"),
    )


@pytest.mark.parametrize(
    ("name", "registry"), [("datasets", DATASETS), ("models", MODELS), ("methods", LISTED)]
)
def test_listings_name_every_entry(command: Command, name: str, registry: dict) -> None:
    output = json_of(command(name, "--json"))
    assert list(output) == list(registry)
    assert all(output[entry]["title"] == registry[entry].title for entry in registry)
    lines = command(name).out.splitlines()
    assert [line.split()[0] for line in lines] == list(registry)


@pytest.mark.parametrize("case", BAD_INPUTS, ids=[case.name for case in BAD_INPUTS])
def test_impossible_request_is_one_sentence(
    command: Command, case: BadInput, tmp_path: Path
) -> None:
    check_refused(command("run", *arguments({"device": "cpu", **case.make(tmp_path)})), case.words)
    assert not (tmp_path / MARK).exists()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("run", "--dataset=blobs", "--seeds="), ("--seeds", "''")),
        (("run", "--dataset=blobs", "--seeds=0,x"), ("--seeds", "'0,x'")),
        (("run", "--dataset=blobs", "--forget=one"), ("--forget", "'one'")),
        (("make-assets",), ("--data", "--checkpoints")),
    ],
    ids=" ".join,
)
def test_invalid_values_are_refused(
    command: Command, args: tuple[str, ...], words: tuple[str, ...]
) -> None:
    check_refused(command(*args), words)


@pytest.mark.parametrize(
    "args",
    [
        ("run", "--dataset", "blobs", "--forget", "9"),
        ("run", "--epochs", "many"),
        ("run", "--energy-threshold"),
        ("fly",),
        (),
    ],
    ids=lambda args: " ".join(args) or "nothing",
)
def test_the_program_refuses_with_code_2(args: tuple[str, ...]) -> None:
    done = program(*args)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "error: " in done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("root", ["under a file", "under /proc"])
def test_data_folder_that_cannot_be_written(command: Command, tmp_path: Path, root: str) -> None:
    (tmp_path / "file").touch()
    unsc_home = tmp_path / "file" / "home" if root == "under a file" else Path("/proc/unsc-lab")
    check_refused(
        command("run", "--dataset=blobs", *QUICK, unsc_home=unsc_home),
        (str(unsc_home), "UNSC_HOME"),
    )


def test_interrupt_ends_quietly(home: Path) -> None:
    command = (sys.executable, "-m", "unsc_core", "run")
    with subprocess.Popen(
        (*command, "--dataset=digits", "--training-epochs=1000"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background jobs ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as running:
        for line in running.stderr:
            if "training" in line:
                break
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=300)
    assert running.returncode == 130
    assert out == ""
    assert err.strip().splitlines()[-1] == "stopped"
    assert not list(home.rglob("*.safetensors"))


def test_single_samples_are_forgotten_by_a_file_of_their_indices(
    command: Command, tmp_path: Path
) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text("0, 1, 2\n3 4\n" + "\n".join(map(str, range(5, 30))))
    request = ("run", "--dataset=digits", f"--forget-ids={ids}", "--training-epochs=15")
    output = json_of(command(*request, "--with-retrain", "--json"))
    assert output["config"]["forget_classes"] == []
    assert output["config"]["forget_ids"] == list(range(30))
    run = output["seeds"][0]
    assert run["unlearned"]["acc_forget"] < 20 < 90 < run["original"]["acc_forget"]
    assert run["unlearned"]["train"]["acc_forget"] == run["unlearned"]["acc_forget"]
    assert run["unlearned"]["acc_retain"] > 85
    assert 0 <= run["agreement"] <= 100
    assert command("export", run["key"], "--out", str(tmp_path / "out")).code == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names no sample"),
        ("1, two", "two"),
        ("99999", "Sample 99999"),
        ("-1", "Sample -1"),
        (None, "cannot be read"),
        ("\0\x81", "ids.txt"),
    ],
)
def test_unusable_file_of_samples_is_one_sentence(
    command: Command, tmp_path: Path, text: str | None, words: str
) -> None:
    ids = tmp_path / "ids.txt"
    if text is not None:
        ids.write_bytes(text.encode("latin-1"))
    output = command("run", "--dataset", "blobs", "--forget-ids", str(ids))
    assert output.code == 2
    assert words in output.err
    assert "Traceback" not in output.err


def test_classes_and_samples_at_once_are_refused(command: Command, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("1")
    output = command(
        "run", "--dataset", "blobs", "--forget", "0", "--forget-ids", str(tmp_path / "ids.txt")
    )
    assert output.code == 2
    assert all(word in output.err for word in ("classes", "samples"))
