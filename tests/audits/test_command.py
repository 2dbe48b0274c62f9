"""`audit` on the command line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Outcome, blobs
from unsc_core.audits import AUDITS, SHADOW_AUDITS
from unsc_core.audits import outcomes as auditing
from unsc_core.audits.entry import GROUPS
from unsc_core.errors import AuditError, ConfigError
from unsc_core.experiment.store import Store

Command = Callable[..., Outcome]
ASKED = ("audit", "--dataset=blobs", "--forget=0", "--seeds=0,1", "--device=cpu")
QUICK = ("--training-epochs=3", "--epochs=3")


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that these tests share: what one has trained, another reads."""
    return tmp_path_factory.mktemp("audited")


def test_json_and_table_and_the_second_call(command: Command, audited: Path) -> None:
    done = command(*ASKED, *QUICK, "--json", unsc_home=audited)
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert tuple(found["verdict"]) == GROUPS
    assert {each["gone"] for each in found["verdict"].values()} <= {"yes", "no", "can't tell"}
    assert tuple(found["audits"]) == tuple(AUDITS)
    for each in found["audits"].values():
        assert not each["failed"]
        for network in auditing.NETWORKS:
            assert len(each[network]["values"]) == 2
            assert {"mean", "sd"} < set(each[network])
        assert set(each["excess"]) == {"mean", "low", "high"}
        assert set(each["zero"]) == {"mean", "sd"}
        assert 0 <= each["sees"] <= 1
    assert found["config"]["seeds"] == [0, 1]
    assert "auditing" in done.err

    stored = sorted((audited / "store" / "audits").iterdir())
    for path in stored:
        os.utime(path, (0, 0))
    again = command(*ASKED, *QUICK, "--json", unsc_home=audited)
    assert json.loads(again.out) == found
    assert "note" not in found
    assert "training" not in again.err
    assert sorted((audited / "store" / "audits").iterdir()) == stored
    assert all(path.stat().st_mtime == 0 for path in stored)  # read, not written again

    table = command(*ASKED, *QUICK, unsc_home=audited)
    lines = table.out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["Gone"] * 4
    for name in AUDITS:
        assert any(line.startswith(name) for line in lines)


def test_one_seed_has_no_verdict(command: Command, audited: Path) -> None:
    one = (*ASKED[:-2], "--seeds=0", "--device=cpu")
    done = command(*one, *QUICK, "--json", unsc_home=audited)
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert {each["gone"] for each in found["verdict"].values()} == {"can't tell"}
    assert found["note"].startswith("One seed has no spread: what is null (sd, ")
    for name, entry in AUDITS.items():
        assert bool(found["audits"][name]["failed"]) == entry.compares


def test_shadow_models_add_two_attacks_and_change_nothing_else(
    command: Command, audited: Path
) -> None:
    plain = command(*ASKED, *QUICK, "--json", unsc_home=audited)
    done = command(*ASKED, *QUICK, "--shadow-models=4", "--json", unsc_home=audited)
    assert done.code == 0, done.err
    assert "training 4 shadow models" in done.err
    before, found = json.loads(plain.out), json.loads(done.out)
    assert "shadow_models" not in before
    assert found["shadow_models"] == 4
    assert list(found["audits"]) == [*AUDITS, *SHADOW_AUDITS]
    assert {name: found["audits"][name] for name in AUDITS} == before["audits"]
    for name in SHADOW_AUDITS:
        each = found["audits"][name]
        assert each["group"] == "memory"
        assert len(each["unlearned"]["values"]) == 2
        assert {"auc", "tpr", "false_alarms", "by_models"} < set(each["original"]["details"][0])
    again = command(*ASKED, *QUICK, "--shadow-models=4", unsc_home=audited)
    assert "training" not in again.err
    assert any(line.startswith("likelihood-ratio") for line in again.out.splitlines())


def test_an_odd_number_of_shadow_models_is_refused_before_anything_is_trained(
    command: Command, home: Path
) -> None:
    done = command(*ASKED, "--shadow-models=5")
    assert done.code == 2
    assert "--shadow-models must be an even number from 4 to 64, not 5" in done.err
    assert not (home / "store").exists()


def test_single_samples_are_refused_before_anything_is_trained(
    command: Command, tmp_path: Path, home: Path
) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text("0 3 5")
    done = command("audit", "--dataset=blobs", "--forget-ids", str(ids))
    assert done.code == 2
    assert done.out == ""
    assert "single samples" in done.err.splitlines()[-1]
    assert not (home / "store").exists()


def test_a_seed_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Seed 1"):
        auditing.audit([blobs(seed=1), blobs(seed=1)], Store(tmp_path))
    with pytest.raises(AuditError, match="single samples"):
        auditing.audit([blobs(forget_classes=(), forget_ids=(1,))], Store(tmp_path))


def test_audits_are_listed(command: Command) -> None:
    done = command("audits", "--json")
    assert {name: entry.question for name, entry in AUDITS.items()} == {
        name: entry["summary"] for name, entry in json.loads(done.out).items()
    }
