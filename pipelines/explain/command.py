"""The command `ansae explain`: draw what the networks see in a galaxy, in seconds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from catalogues import storage
from catalogues.images.limits import ImageLimits
from catalogues.layouts.formats.image_files import stem
from catalogues.storage import StorageError, StorageOptions
from pipelines import console as terminal
from pipelines.explain.options import PROG, ExplainOptions


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Outcome for one image: the result in `words` and the path of the `picture`, or a `fault`."""

    image: str
    words: str = ""
    picture: str = ""
    fault: str = ""


def run(options: ExplainOptions) -> Iterator[Outcome]:
    """Explain one image after the other; if an image is bad, its outcome has the fault.

    Raises StorageError and ValueError if something is wrong with the networks or the output.
    """
    from pipelines.explain.one_image import OneByOne
    from pipelines.explain.picture import picture, result_words

    reach = options.storage_options()
    one_by_one = OneByOne(options.ensemble, reach, options.samples, options.seed)
    known = {"pixel_scale_arcsec": options.pixel_scale_arcsec, "z": options.z}
    for image, path in zip(options.images, _pictures(options), strict=True):
        name = os.path.basename(image.rstrip("/"))
        try:
            galaxy = one_by_one.explain(name, _read(image, reach), **known)
        except (StorageError, ValueError) as error:
            yield Outcome(image=image, fault=str(error))
            continue
        words = result_words(galaxy)
        fs, place = storage.filesystem(path, reach)
        storage.write_whole(fs, place, picture(galaxy, name, words))
        yield Outcome(image=image, words=words, picture=path)


def _pictures(options: ExplainOptions) -> list[str]:
    """Return the paths of the pictures; images with the same name get numbers."""
    paths: list[str] = []
    for image in options.images:
        base = stem(os.path.basename(image.rstrip("/")))
        names = [base, *(f"{base}-{n}" for n in range(2, len(options.images) + 1))]
        candidates = (storage.join(options.output, f"{name}.png") for name in names)
        paths.append(next(path for path in candidates if path not in paths))
    return paths


def _read(image: str, options: StorageOptions) -> bytes:
    """Read an image's file. Raises StorageError, and ValueError if it is a folder or too large."""
    fs, path = storage.filesystem(image, options)
    with storage.explained("read", path):
        info = fs.info(path)
    if info["type"] == "directory":
        raise ValueError("this is a folder: name the files in it, for instance with FOLDER/*.jpg")
    most = ImageLimits().bytes_max
    if info["size"] > most:
        raise ValueError(
            f"the file has {info['size']} bytes, more than the limit of {most}: cut out the galaxy"
        )
    return storage.read_whole(fs, path)


def execute(options: ExplainOptions) -> int:
    """Run the command. Returns the exit status.

    0: all images were explained; 2: the user made a mistake, or an image could not be explained
    (each in one line); 130: interrupted by Ctrl-C.
    """
    status = terminal.OK
    try:
        for answer in run(options):
            if answer.fault:
                status = terminal.complain(
                    PROG, f"{storage.redact(answer.image)}: {answer.fault}", terminal.MISTAKE
                )
            else:
                print(f"{answer.image}: {answer.words} -> {answer.picture}", flush=True)
    except (StorageError, ValueError) as error:
        return terminal.complain(PROG, str(error), terminal.MISTAKE)
    except KeyboardInterrupt:
        return terminal.complain(PROG, "interrupted", terminal.INTERRUPTED)
    return status
