"""Entry point `ansae COMMAND`: each command is a folder of `pipelines` with a `__main__.py`."""

from __future__ import annotations

import importlib
import sys
from difflib import get_close_matches

from pipelines.console import MISTAKE, OK, complain

COMMANDS = {
    "demo": "make a mock survey with known bars, measure it and write a report; works offline",
    "ingest": "convert images in published layouts to image shards",
    "mocks": "make galaxies with known bars: draw them, or lay bars into real galaxies",
    "train": "train an ensemble of networks on image shards with votes",
    "calibrate": "choose how saliency maps are measured, on galaxies with known bars",
    "measure": "measure bars: image shards -> bar catalogue (the main job)",
    "explain": "draw what the networks see in an image, as one picture",
    "status": "show what a run is doing, read from its output",
    "validate": "compare a catalogue with published truth",
    "compare": "compare ten saliency methods on the same images",
    "publish": "convert a finished catalogue to HATS, or to one Parquet, FITS or CSV file",
    "report": "write one HTML file about a catalogue, with pictures",
    "preflight": "check cluster, storage, weights and input, and estimate the cost of a run",
}
"""Commands, in the order in which a user meets them, and what each of them does."""


def usage() -> str:
    """Return the text of `ansae --help`."""
    lines = [f"  {name:<10} {does}" for name, does in COMMANDS.items()]
    return "\n".join(
        ["usage: ansae COMMAND [OPTIONS]", "", "Measure bars of galaxies at survey scale.", ""]
        + [*lines, "", "ansae COMMAND --help explains a command's options."]
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the command with the words after its name. Returns its exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    if words and words[0] in COMMANDS:
        status: int = importlib.import_module(f"pipelines.{words[0]}.__main__").main(words[1:])
        return status
    if words and words[0] not in ("-h", "--help"):
        near = get_close_matches(words[0], COMMANDS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(COMMANDS)}"
        return complain("ansae", f"there is no command {words[0]!r}: {hint}", MISTAKE)
    print(usage())
    return OK


if __name__ == "__main__":
    sys.exit(main())
