"""Statuses of output rows and stop reasons of measurements, each with a sentence for readers.

Every output row has one status. The statuses are grouped by the cause of a failure: the row, the
image or the machine.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType


class Status(StrEnum):
    """Outcome of one input row. A catalogue holds no other value."""

    # healthy
    MEASURED = "measured"  # the row has a bar length
    NOT_SELECTED = "not_selected"  # votes only: the galaxy was not selected for a saliency map
    NO_BAR_FOUND = "no_bar_found"  # has a saliency map, but the map shows no bar: see stop_reason
    # the row
    BAD_ID = "bad_id"  # object_id is null or not an int64
    DUPLICATE_ID = "duplicate_id"  # object_id already seen in this shard; the first row counts
    # the image
    MISSING_IMAGE = "missing_image"  # null image, no bytes and no readable path
    EMPTY_IMAGE = "empty_image"  # zero bytes
    NOT_AN_IMAGE = "not_an_image"  # the bytes are something else, for example HTML
    UNSUPPORTED_IMAGE = "unsupported_image"  # an image format that is not supported
    TRUNCATED_IMAGE = "truncated_image"  # starts correctly, ends too early
    CORRUPT_IMAGE = "corrupt_image"  # has its full length, but is damaged inside
    TOO_LARGE_IMAGE = "too_large_image"  # more pixels or bytes than the limit
    TOO_SMALL_IMAGE = "too_small_image"  # too few pixels for a measurement
    BLANK_IMAGE = "blank_image"  # every pixel has the same value
    NOT_FINITE_IMAGE = "not_finite_image"  # no finite pixels
    # the machine
    FAILED = "failed"  # an unexpected error in the computation; the message names it


HEALTHY = frozenset({Status.MEASURED, Status.NOT_SELECTED, Status.NO_BAR_FOUND})
"""Statuses of rows whose votes are present."""


STATUS = MappingProxyType(
    {
        Status.MEASURED: "a bar was found and measured",
        Status.NOT_SELECTED: "has votes, but was not selected for a saliency map",
        Status.NO_BAR_FOUND: "its saliency map shows no bar; the stop reason says why",
        Status.BAD_ID: "the object id is missing or is not a 64-bit integer",
        Status.DUPLICATE_ID: "an earlier row of the shard has the same object id; that row counts",
        Status.MISSING_IMAGE: "there are no image bytes and no readable path",
        Status.EMPTY_IMAGE: "the image has zero bytes",
        Status.NOT_AN_IMAGE: "the bytes are not an image but something else, such as a web page",
        Status.UNSUPPORTED_IMAGE: "the image format is not supported",
        Status.TRUNCATED_IMAGE: "the image starts correctly but ends too early",
        Status.CORRUPT_IMAGE: "the image is damaged inside",
        Status.TOO_LARGE_IMAGE: "the image has more pixels or bytes than the limit allows",
        Status.TOO_SMALL_IMAGE: "the image has too few pixels for a measurement",
        Status.BLANK_IMAGE: "every pixel has the same value",
        Status.NOT_FINITE_IMAGE: "no pixel has a finite value",
        Status.FAILED: "an unexpected error stopped the computation; the message names it",
    }
)
"""Meaning of every Status, one sentence each."""

STOP_REASON = MappingProxyType(
    {
        "profile": "measured on the profile along the bar's axis",
        "linear": "measured at the first threshold where the bright pixels form a line",
        "few_pixels": "too few pixels were left before they formed a line",
        "exhausted": "the thresholds ended before the pixels formed a line",
        "blank": "every pixel of the map has the same value",
        "not_finite": "the map holds NaN or infinity",
        "faint": "nothing at the centre is brighter than the rest of the map",
        "round": "the bright region at the centre is round and has no axis",
        "asymmetric": "the two ends have too different distances from the centre",
        "diffuse": "the bar holds too little of the map's light; the map shows other things",
        "discord": "the maps of the members have different axes",
        "edge": "the bar reaches the edge of the map",
    }
)
"""Meaning of every models.barlength.params.StopReason, one sentence each."""
