"""What can become of a galaxy: one word per output row, and whose fault it was.

What the words of the catalogue mean, in one sentence each, for people.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType


class Status(StrEnum):
    """Outcome of one input row; every value a catalogue can hold stands here."""

    # healthy
    MEASURED = "measured"  # a bar length stands in the row
    NOT_SELECTED = "not_selected"  # votes only: the selection did not ask for gradients
    NO_BAR_FOUND = "no_bar_found"  # explained, but the map holds no bar: see stop_reason
    # the row
    BAD_ID = "bad_id"  # object_id null or not an int64
    DUPLICATE_ID = "duplicate_id"  # object_id already seen in this shard; the first one counts
    # the image
    MISSING_IMAGE = "missing_image"  # null image, no bytes and no readable path
    EMPTY_IMAGE = "empty_image"  # zero bytes
    NOT_AN_IMAGE = "not_an_image"  # bytes of something else, HTML for example
    UNSUPPORTED_IMAGE = "unsupported_image"  # an image, but of a kind that is not read
    TRUNCATED_IMAGE = "truncated_image"  # begins well, ends early
    CORRUPT_IMAGE = "corrupt_image"  # complete in length, broken inside
    TOO_LARGE_IMAGE = "too_large_image"  # pixels or bytes beyond the limit
    TOO_SMALL_IMAGE = "too_small_image"  # fewer pixels than can be measured
    BLANK_IMAGE = "blank_image"  # one value everywhere
    NOT_FINITE_IMAGE = "not_finite_image"  # no finite pixels
    # the machine
    FAILED = "failed"  # an unexpected error while computing; the message names it


HEALTHY = frozenset({Status.MEASURED, Status.NOT_SELECTED, Status.NO_BAR_FOUND})
"""Statuses of rows whose votes are present."""


STATUS = MappingProxyType(
    {
        Status.MEASURED: "a bar was found and measured",
        Status.NOT_SELECTED: "voted on; not promising enough for a saliency map",
        Status.NO_BAR_FOUND: "explained, but the map shows no bar; the stop reason says why",
        Status.BAD_ID: "the object id is missing or no 64-bit integer",
        Status.DUPLICATE_ID: "the object id stood in the shard before; the first row counts",
        Status.MISSING_IMAGE: "no image bytes and no readable path",
        Status.EMPTY_IMAGE: "the image has no bytes",
        Status.NOT_AN_IMAGE: "the bytes are something else, such as a web page",
        Status.UNSUPPORTED_IMAGE: "an image of a kind that is not read",
        Status.TRUNCATED_IMAGE: "the image begins well and ends early",
        Status.CORRUPT_IMAGE: "the image is broken inside",
        Status.TOO_LARGE_IMAGE: "more pixels or bytes than the limit allows",
        Status.TOO_SMALL_IMAGE: "too few pixels to measure anything",
        Status.BLANK_IMAGE: "every pixel has the same value",
        Status.NOT_FINITE_IMAGE: "no pixel has a finite value",
        Status.FAILED: "an unexpected error while computing; the message names it",
    }
)
"""A sentence for every Status."""

STOP_REASON = MappingProxyType(
    {
        "profile": "measured on the profile along the bar's axis",
        "linear": "measured where the bright pixels first line up",
        "few_pixels": "too few pixels were left before they lined up",
        "exhausted": "the thresholds ran out before the pixels lined up",
        "blank": "the map has one value everywhere",
        "not_finite": "the map holds NaN or infinity",
        "faint": "nothing at the centre stands out of the map",
        "round": "what stands out has no axis",
        "asymmetric": "the two ends lie at too different distances from the centre",
        "diffuse": "the bar holds too little of the map's light: the map shows other things",
        "discord": "the members' maps lie along different axes",
        "edge": "the bar runs out of the map",
    }
)
"""A sentence for every models.barlength.params.StopReason."""
