"""`ansae train`: shards with votes -> canvases on disk -> Tune trains the members -> ensemble."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.progress import track

from catalogues import storage
from catalogues.shards import list_shards
from catalogues.splits import SplitFractions, parts_of
from models.ensemble import EnsembleSpec, preset
from models.networks import MemberSpec
from models.preprocess import FieldSpec
from models.training import RECIPES, TrainParams
from pipelines import console as terminal
from pipelines.figures import learning_curves
from pipelines.resources import ClusterOptions, cluster

PARTS = ("train", "validation")
Curves = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """Train an ensemble on image shards that carry votes (vote_<answer> columns).

    A galaxy's part (train, validation, test) is a hash of its object_id; the test part is never
    looked at here.
    """

    data: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Folders or URLs of image shards with vote columns."""
    output: str
    """Folder for ensemble.json, weights and learning curves."""
    preset: str = "compact"
    """Members, field and views: 'compact' or 'paper'."""
    members: tuple[str, ...] = ()
    """Names of the preset's members to train; all of them where empty."""
    split: SplitFractions = field(default_factory=SplitFractions)
    """Shares kept for validation and test."""
    epochs: int | None = None
    """At most so many; the preset's own recipe where not given."""
    batch_size: int | None = None
    """Galaxies per step; the recipe's where not given."""
    learning_rate: float | None = None
    """The recipe's where not given."""
    bfloat16: bool = False
    """Mixed precision: only on hardware that has it."""
    seed: int = 0
    """Of weights, order and augmentation."""
    pretrained: bool = False
    """Begin from published weights (timm's hub or cache)."""
    cpus: int = 1
    """CPU cores per member."""
    gpus: float = 0.0
    """GPUs per member."""
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    """Where to compute."""

    @property
    def params(self) -> TrainParams:
        """The preset's recipe with the given changes."""
        names = ("epochs", "batch_size", "learning_rate")
        given = {n: getattr(self, n) for n in names if getattr(self, n) is not None}
        return replace(RECIPES[self.preset], bfloat16=self.bfloat16, seed=self.seed, **given)

    def __post_init__(self) -> None:
        if not self.data:
            raise ValueError("no data given: name at least one folder of image shards")
        known = [m.name for m in preset(self.preset)[0]]
        for name in self.members:
            if name not in known:
                raise ValueError(f"member {name!r} is not in preset {self.preset!r}: {known}")


def run(options: TrainOptions, console: Console | None = None) -> EnsembleSpec:
    """Train, keep every member's best weights, write the ensemble; returns its description."""
    console = console or Console()
    members, canvas_field, view, views = preset(options.preset)
    members = tuple(m for m in members if not options.members or m.name in options.members)
    output = Path(options.output).absolute()
    with cluster(options.cluster):
        counts = gather(options, output / "examples", canvas_field, console)
        best = train_members(options, members, view.width, output)
    spec = EnsembleSpec(
        name=options.preset, members=members,
        weights=tuple(f"{m.name}.safetensors" for m in members),
        sha256=tuple(hashlib.sha256(best[m.name][0]).hexdigest() for m in members),
        field=canvas_field, votes_view=view, vote_views=views,
    )  # fmt: skip
    curves = {m.name: best[m.name][1] for m in members}
    _write(output, options, spec, [best[m.name][0] for m in members], curves, counts)
    console.print(f"ensemble of {len(members)} written to {output / 'ensemble.json'}")
    return spec


def gather(options: TrainOptions, folder: Path, field: FieldSpec, console: Console) -> dict[str, int]:  # noqa: E501  # fmt: skip
    """Canvases and votes of all shards as files in `folder`; examples per part."""
    import ray  # only once the cluster is there

    from actors.canvases import shard_examples, shard_ids, write_examples

    shards = [(url, shard) for url in options.data for shard in list_shards(url)]
    ids = ray.get([shard_ids.remote(url, shard) for url, shard in shards])
    parts = [parts_of(i.tolist(), options.split) for i in ids]
    work = track(shards, "decoding", console=console)
    results = [shard_examples.remote(url, s, options.split, field) for url, s in work]
    counts = {}
    for part in PARTS:
        per_shard = [int((p == part).sum()) for p in parts]
        write_examples(folder, part, per_shard, results, field)
        counts[part] = sum(per_shard)
        if not counts[part]:
            raise ValueError(f"no galaxy falls into the {part} part: give more data")
    counts["test"] = int(sum((p == "test").sum() for p in parts))
    console.print(f"examples: {counts}")
    return counts


def train_members(
    options: TrainOptions, members: tuple[MemberSpec, ...], view_width: float, output: Path
) -> dict[str, tuple[bytes, list[dict[str, Any]]]]:
    """One Tune trial per member; (weights, learning curve) of the best epoch, by name."""
    from ray import tune  # only once the cluster is there

    from actors.trainer import train_member

    trainable = tune.with_resources(train_member, {"cpu": options.cpus, "gpu": options.gpus})
    config = {
        "member": tune.grid_search([asdict(m) for m in members]),
        "params": asdict(options.params),
        "examples": str(output / "examples"),
        "view_width": view_width,
        "threads": options.cpus,
        "device": "cuda" if options.gpus else "cpu",
        "pretrained": options.pretrained,
    }
    tuner = tune.Tuner(
        trainable,
        param_space=config,
        run_config=tune.RunConfig(
            name="members", storage_path=str(output / "tune"),
            checkpoint_config=tune.CheckpointConfig(num_to_keep=1),
        ),
    )  # fmt: skip
    best = {}
    for result in tuner.fit():
        if result.error or result.checkpoint is None:
            raise RuntimeError(f"a member did not train: {result.error}") from result.error
        with result.checkpoint.as_directory() as folder:
            weights = (Path(folder) / "weights.safetensors").read_bytes()
            curve = json.loads((Path(folder) / "curve.json").read_text())
        best[result.config["member"]["name"]] = (weights, curve)
    return best


def _write(
    output: Path, options: TrainOptions, spec: EnsembleSpec, weights: list[bytes], curves: Curves,
    counts: dict[str, int],
) -> None:  # fmt: skip
    fs, root = storage.filesystem(str(output))
    for name, data in zip(spec.weights, weights, strict=True):
        storage.write_whole(fs, storage.join(root, name), data)
    record = {
        "options": asdict(options), "recipe": asdict(options.params), "galaxies": counts,
        "curves": curves,
        "split": "blake2b of object_id: catalogues.splits",
    }  # fmt: skip
    for name, text in (("ensemble.json", spec.to_dict()), ("training.json", record)):
        data = json.dumps(text, indent=1).encode()
        storage.write_whole(fs, storage.join(root, name), data)
    storage.write_whole(fs, storage.join(root, "curves.png"), learning_curves(curves))


def main(argv: list[str] | None = None) -> int:
    """The command line."""
    return terminal.simple(TrainOptions, run, "ansae train", argv)


if __name__ == "__main__":
    sys.exit(main())
