"""`ansae COMMAND`: every command is a folder of `pipelines`, with a `__main__.py`."""

from __future__ import annotations

import importlib
import sys
from difflib import get_close_matches

from pipelines.console import MISTAKE, OK, complain

COMMANDS = {
    "demo": "a mock survey with known bars, measured and reported on, without network",
    "ingest": "images of published layouts -> image shards",
    "mocks": "galaxies whose bars are known: drawn, or real ones with bars laid in",
    "train": "image shards with votes -> an ensemble of networks",
    "calibrate": "choose how maps are read, on galaxies kept apart",
    "measure": "image shards -> bar catalogue: the main job",
    "explain": "what the networks see in one image, as one picture",
    "status": "what a run is doing, from anywhere that reads its output",
    "validate": "a catalogue against published truth",
    "compare": "ten saliency methods on one set of images",
    "publish": "a finished catalogue -> HATS, or one Parquet, FITS or CSV file",
    "report": "a catalogue -> one HTML file with pictures",
    "preflight": "check cluster, storage, weights and input before the money is spent",
}
"""Commands in the order in which a user meets them, and what each does."""


def usage() -> str:
    """What `ansae --help` prints."""
    lines = [f"  {name:<10} {does}" for name, does in COMMANDS.items()]
    return "\n".join(
        ["usage: ansae COMMAND [OPTIONS]", "", "Bars of galaxies, measured at survey scale.", ""]
        + [*lines, "", "ansae COMMAND --help explains a command's options."]
    )


def main(arguments: list[str] | None = None) -> int:
    """Hand the words after the command's name to the command; its exit status is ours."""
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
