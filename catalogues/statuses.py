"""What can become of a galaxy: one word per output row, and whose fault it was."""

from __future__ import annotations

from enum import StrEnum


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
