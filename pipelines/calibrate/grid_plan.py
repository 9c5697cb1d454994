"""Plan of a grid of `ansae calibrate`: find every mistake before any map is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Generic, TypeVar

from actors.calibrate.map_maker import MapMakerParams
from actors.find_ensemble import SHIPPED, find_ensemble
from catalogues import storage
from catalogues.runs import provenance
from catalogues.runs.array_cache import GREY, jackknife_kind
from catalogues.runs.ensembles import EnsembleFiles
from catalogues.runs.provenance import RunRecord
from catalogues.shards.reading import Shard, list_shards, shard_fields
from catalogues.truth.known_lengths import Known, known_lengths, require_enough
from models.barlength.estimator import Combine
from models.networks.spec import EnsembleSpec
from pipelines.calibrate.options import KnownBarsOptions
from pipelines.cluster.resources import Device, StageResources, stage_resources

Options = TypeVar("Options", bound=KnownBarsOptions)


@dataclass(frozen=True, kw_only=True)
class GridPlan(Generic[Options]):
    """A grid whose options are valid.

    Attributes
    ----------
    options
        Options of the command.
    shards
        Shards of the input.
    files, ensemble
        Files of the networks, and their description.
    known
        Galaxies with known lengths.
    angle
        Column of known position angles; None if the input has none.
    jackknife_maps
        Kinds of map that also get jackknife maps, and how members are combined in these.
    device, have
        Where networks run, and the resources of the stages; set by `on`.
    """

    options: Options
    shards: tuple[Shard, ...]
    files: EnsembleFiles
    ensemble: EnsembleSpec
    known: Known
    angle: str | None = None
    jackknife_maps: tuple[tuple[str, Combine], ...] = ()
    device: str = ""
    have: StageResources | None = None

    @property
    def output(self) -> str:
        """Where results go, as an address for workers on any machine."""
        return storage.absolute(self.options.output)

    @property
    def cache(self) -> str:
        """Where maps lie, as an address for workers on any machine."""
        return storage.absolute(self.options.cache)

    @property
    def drawn(self) -> tuple[str, ...]:
        """Kinds of arrays that are made for each galaxy."""
        without = (jackknife_kind(kind, combine) for kind, combine in self.jackknife_maps)
        return (GREY, *self.options.kinds, *without)

    @property
    def members(self) -> tuple[str, ...]:
        """Names of the members that have maps."""
        return tuple(member.name for member in self.ensemble.explained)

    def on(self, resources: Mapping[str, float]) -> GridPlan[Options]:
        """Return the plan for a cluster with these resources.

        Raises ValueError if the existing maps or output were made with other options.
        """
        cpus, gpus = resources.get("CPU", 1.0), resources.get("GPU", 0.0)
        asked, stored = self.options.cluster.device, self._stored(self.options.cache)
        device: Device = "cuda" if gpus else "cpu"
        if asked != "auto":
            device = asked
        elif stored is not None:
            device = stored.facts["device"]
        have = stage_resources(self.options.cluster, device, cpus, gpus)
        plan = replace(self, device=device, have=have)
        for url, record in plan._records().items():
            if (there := plan._stored(url)) is not None:
                try:
                    provenance.check_same_run(there, record)
                except ValueError as error:
                    raise ValueError(f"{storage.redact(url)!r}: {error}") from error
        return plan

    @property
    def begun(self) -> bool:
        """Whether the output holds a session of this grid."""
        return self._stored(self.options.output) is not None

    def begin(self) -> None:
        """Record in the output and in the maps' folder how they are made, and a new session."""
        for url, record in self._records().items():
            there = self._stored(url) or record
            self._write(url, there.with_session(provenance.new_session(self.device)))

    def end(self) -> None:
        """Record that the session has finished."""
        for url in self._records():
            if (there := self._stored(url)) is not None:
                self._write(url, there.ended("finished", {}))

    def mapper_params(self) -> MapMakerParams:
        """Return the parameters of the MapMakers."""
        o = self.options
        return MapMakerParams(
            input=storage.absolute(o.input),
            cache=self.cache,
            storage=o.storage_options(),
            ensemble=o.ensemble if o.ensemble in SHIPPED else storage.absolute(o.ensemble),
            maps=o.kinds,
            selection=o.selection,
            scale=o.scale,
            seed=o.seed,
            device=self.device,
            angle=self.angle,
            jackknife_maps=self.jackknife_maps,
        )

    def _records(self) -> dict[str, RunRecord]:
        o, ensemble = self.options, self.ensemble.to_dict()
        del ensemble["weights"]  # their place does not matter: their sha256 identifies them
        maps = {"ensemble": ensemble, "maps": o.facts, "seed": o.seed, "device": self.device}
        grid = {
            "input": provenance.shard_facts(self.shards),
            "length": asdict(o.known),
            "galaxies": o.galaxies,
            "split": asdict(o.split),
            "axes": o.axes_facts,
            "select": asdict(o.selection),
            "scale": o.scale,
            "cosmology": o.cosmology,
        }
        options = asdict(o)
        return {
            o.cache: provenance.new_record(maps, options),
            o.output: provenance.new_record({**grid, **maps}, options),
        }

    def _stored(self, url: str) -> RunRecord | None:
        fs, root = storage.filesystem(url, self.options.storage_options())
        return provenance.read_record(fs, root)

    def _write(self, url: str, record: RunRecord) -> None:
        fs, root = storage.filesystem(url, self.options.storage_options())
        provenance.write_record(fs, root, record)


def make_plan(options: Options) -> GridPlan[Options]:
    """Check input, lengths and ensemble; write nothing. Raises StorageError and ValueError."""
    access = options.storage_options()
    _check_apart(options)
    shards = list_shards(options.input, access)
    known = known_lengths(
        options.input,
        shards,
        options.known,
        galaxies=options.galaxies,
        split=options.split,
        options=access,
    )
    require_enough(known.table, known.left_out, options.length, options.galaxies_min)
    files = find_ensemble(options.ensemble, access)
    ensemble = EnsembleSpec.from_dict(files.description)
    from actors.load_networks import check_weights  # torch, only now

    check_weights(ensemble, files.weights)  # find weights that do not fit now, not later
    fs, _ = storage.filesystem(options.input, access)
    names = set(shard_fields(fs, shards[0].path).names)
    for shard in shards[1:]:
        names &= set(shard_fields(fs, shard.path).names)
    return GridPlan(
        options=options,
        shards=shards,
        files=files,
        ensemble=ensemble,
        known=known,
        angle=options.angle_among(sorted(names)),
    )


def _check_apart(options: KnownBarsOptions) -> None:
    """Raise ValueError if output or maps lie in the input, or both in the same folder."""
    for url in (options.output, options.cache):
        storage.check_outside(url, options.input)
    if storage.filesystem(options.output).root == storage.filesystem(options.cache).root:
        raise ValueError(
            f"maps and output are both {storage.redact(options.output)!r}: give the maps their "
            "own folder, for instance one below the output"
        )
