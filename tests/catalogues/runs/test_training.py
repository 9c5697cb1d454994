"""A training's files: begun once, changed options refused, finished members kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalogues.runs.training import TrainingRun

OPTIONS = {"preset": "compact", "params": {"learning_rate": 0.001, "noise": (0.0, 0.1)}}


def test_the_same_options_go_on(tmp_path: Path) -> None:
    assert not TrainingRun(str(tmp_path)).begin(OPTIONS)
    assert TrainingRun(str(tmp_path)).begin(OPTIONS)


def test_another_option_is_refused_with_its_name(tmp_path: Path) -> None:
    TrainingRun(str(tmp_path)).begin(OPTIONS)
    changed = {**OPTIONS, "params": {"learning_rate": 0.002, "noise": (0.0, 0.1)}}
    with pytest.raises(ValueError, match=r"params.learning_rate=0.001, not 0.002.*another output"):
        TrainingRun(str(tmp_path)).begin(changed)
    with pytest.raises(ValueError, match="preset='compact', not None"):
        TrainingRun(str(tmp_path)).begin({"params": OPTIONS["params"]})


@pytest.mark.parametrize("place", ["disk", "memory"])
def test_a_member_from_its_first_epoch_to_its_end(tmp_path: Path, place: str) -> None:
    run = TrainingRun(str(tmp_path) if place == "disk" else f"memory://{tmp_path.name}")
    assert run.state("vgg") is None
    assert run.end("vgg") is None
    run.keep("vgg", b"one")
    run.keep("vgg", b"two")
    assert run.state("vgg") == b"two"
    run.finish("vgg", b"weights", [{"epoch": 0}])
    assert run.state("vgg") is None
    assert run.end("vgg") == ("finished", [{"epoch": 0}])
    assert run.weights("vgg") == b"weights"


def test_a_member_that_a_search_gave_up(tmp_path: Path) -> None:
    run = TrainingRun(str(tmp_path))
    run.keep("vgg-3", b"one")
    run.stop("vgg-3", [])
    assert run.end("vgg-3") == ("stopped", [])
    assert run.state("vgg-3") is None
