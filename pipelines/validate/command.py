"""The command `ansae validate`: catalogue + known bars -> the paper's numbers and fairer ones."""

from __future__ import annotations

from dataclasses import asdict

import duckdb
from rich.console import Console
from rich.table import Table

from catalogues import storage
from catalogues.queries import database
from catalogues.queries.gallery import Row
from catalogues.runs import provenance
from catalogues.storage import StorageError
from catalogues.truth.kinds import read_truth
from catalogues.truth.numbers import NUMBERS, PAGE, write_numbers
from catalogues.truth.pairs import AGAIN, match
from catalogues.truth.table import KNOWN, Truth
from pipelines import console as terminal
from pipelines.pages.render import render
from pipelines.validate import page as validation_page
from pipelines.validate.contents import ExplainedExample, ValidationContents
from pipelines.validate.figures import table_plot
from pipelines.validate.galleries import galleries, typical_rows
from pipelines.validate.labels import line
from pipelines.validate.numbers import NumberGroup, binned, groups, table_group
from pipelines.validate.options import PROG, ValidateOptions
from pipelines.validate.sample import sample


def run(options: ValidateOptions, console: Console | None = None) -> list[NumberGroup]:
    """Validate, write the page and the numbers, and print the numbers. Returns the numbers.

    Raises StorageError, and ValueError for a mistake, before anything is written.
    """
    contents = _compared(options) if options.catalogue else _alone(options)
    html = render(validation_page.values(contents), "validation.html")
    fs, root = storage.filesystem(options.folder, options.store)
    rows = [asdict(n) | {"source": g.source} for g in contents.groups for n in g.numbers]
    write_numbers(fs, storage.join(root, NUMBERS), rows, contents.facts)
    storage.write_whole(fs, storage.join(root, PAGE), html.encode())
    _tell(contents, options.folder, console or Console())
    return contents.groups


def _alone(options: ValidateOptions) -> ValidationContents:
    """Compute the numbers of the truth alone."""
    with database.connected(options.queries) as con:
        truth = _truth(con, options)
        known = database.fetch(con, f"SELECT true_length, true_size FROM {KNOWN}")
    length, size = (known[n].to_numpy() for n in ("true_length", "true_size"))
    return ValidationContents(
        options=options,
        truth=truth,
        groups=[table_group(truth.kind, length, size, options.bootstrap)],
        lengths=[table_plot(length, size)],
    )


def _compared(options: ValidateOptions) -> ValidationContents:
    """Compute a catalogue's numbers, and the truth's own numbers if it has any."""
    with database.opened(str(options.catalogue), options.store, options.queries) as con:
        truth = _truth(con, options)
        if options.again is not None:
            _add_again(con, options)
        matched = match(
            con, truth, join=options.join, tolerance_arcsec=options.tolerance_arcsec,
            part=options.part, split=options.split, most=options.galaxies,
        )  # fmt: skip
        record = validation_page.record_of(str(options.catalogue), options)
        of = sample(truth, matched, validation_page.run_name(record))
        bins = binned(of, options.bootstrap)
        found = groups(of, bins, options.bootstrap)
        if truth.kind == "hoyle":
            known = database.fetch(con, f"SELECT true_length, true_size FROM {KNOWN}")
            lengths, sizes = (known[n].to_numpy() for n in ("true_length", "true_size"))
            found.insert(1, table_group(truth.kind, lengths, sizes, options.bootstrap))
        pictures = galleries(con, of, options.pictures) if options.pictures else []
        shown = typical_rows(con, of, options.explained) if options.explained else []
    return ValidationContents(
        options=options, truth=truth, groups=found, of=of, bins=bins, galleries=pictures,
        record=record, explained=_explained(options, shown),
    )  # fmt: skip


def _explained(options: ValidateOptions, rows: list[Row]) -> list[ExplainedExample]:
    if not rows:
        return []
    # imported here, because only this part needs the networks
    from pipelines.validate.map_examples import explained

    return explained(rows, options.ensemble, options.samples, options.store)


def _truth(con: duckdb.DuckDBPyConnection, options: ValidateOptions) -> Truth:
    return read_truth(con, options.against, options.truth, options.columns, options.store)


def _add_again(con: duckdb.DuckDBPyConnection, options: ValidateOptions) -> None:
    folder = storage.join(str(options.again), "catalogue")
    if not database.add_parquet(con, AGAIN, folder, options.store):
        raise StorageError(
            f"{storage.redact(str(options.again))!r} holds no catalogue/*.parquet: give the output "
            "folder of a second `ansae measure` of the same galaxies with another seed"
        )
    seeds = [_seed(folder, options) for folder in (str(options.catalogue), str(options.again))]
    if seeds[0] == seeds[1]:
        raise ValueError(
            f"{storage.redact(str(options.again))!r} has the seed {seeds[1]}, like the catalogue, "
            "so both runs have the same noise; two runs show errors only if their noise is "
            "independent: measure the second run with another --seed"
        )


def _seed(folder: str, options: ValidateOptions) -> int:
    """Return the seed of a run. Raises ValueError if run.json does not have it."""
    record = validation_page.record_of(folder, options)
    seed = record.get("facts", {}).get("seed")
    if seed is None:
        raise ValueError(
            f"{storage.redact(folder)!r} has no {provenance.FILE} with a seed, and errors from two "
            "runs need two seeds: give complete output folders of `ansae measure`"
        )
    return int(seed)


def _tell(contents: ValidationContents, folder: str, console: Console) -> None:
    for sentence in validation_page.compared(contents):
        console.print(sentence, highlight=False)
    for group in contents.groups:
        table = Table(title=group.title, title_justify="left", expand=False)
        table.add_column("number")
        for name in ("value", "interval", "galaxies"):
            table.add_column(name, justify="right")
        for number in validation_page.table_numbers(group):
            words = line(number)
            table.add_row(words.label, words.value, words.interval, words.n)
        console.print(table)
    for name in (PAGE, NUMBERS):
        console.print(storage.join(folder, name), highlight=False, soft_wrap=True)


def execute(options: ValidateOptions) -> int:
    """Run the command and return its exit status: 0, or 2 for a mistake, which prints one line."""
    try:
        run(options)
    except (StorageError, ValueError, duckdb.Error) as error:
        return terminal.complain(PROG, str(error), terminal.MISTAKE)
    return terminal.OK
