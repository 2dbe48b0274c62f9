"""Progress of running work."""

from __future__ import annotations

from dataclasses import asdict

from unsc_core.progress import Glimpse, Progress, Stages


def test_a_glimpse_is_reported_until_the_next_one() -> None:
    seen: list[Progress] = []
    stages = Stages(seen.append)
    first = Glimpse("training", 0, 3, (5.0,), (10.0,), b"\0\0", b"")
    with stages.stage("one", "training"):
        stages.glimpse = first
        stages.tick(1, 3)
    with stages.stage("two", "predicting"):
        pass
    assert [one.glimpse for one in seen] == [None, first, first]
    assert [one.stage for one in seen] == ["training", "training", "predicting"]


def test_progress_survives_the_way_through_a_dictionary() -> None:
    for glimpse in (None, Glimpse("training", 1, 3, (5.0, 6.0), (10.0, 12.0), b"\0\1", b"\2")):
        progress = Progress("training", 1, 3, "epoch 1 of 3", 2.0, glimpse)
        assert Progress.from_dict(asdict(progress)) == progress
