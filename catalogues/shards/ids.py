"""Read identifiers as exact 64-bit integers. A float would change the digits of an SDSS objID."""

from __future__ import annotations

import hashlib
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_FLOAT_EXACT = 2**53
_INT64 = 2**63
PART_BITS = {"release": 16, "brickid": 20, "objid": 22}
"""Number of bits of each part of a Legacy Surveys identifier."""
_DIGITS = r"^[+-]?[0-9]+$"


def exact_ids(values: pa.Array) -> tuple[pa.Int64Array, pa.StringArray]:
    """Convert values to int64 identifiers. Returns ids and notes.

    A value that cannot be converted gives a null id and a sentence in the notes. Integers and
    strings of digits (with blanks around them) are converted if they fit in 64 bits, floats only
    if they are whole and within 2^53, because larger floats skip integers.
    """
    ids = _fast(values)
    if ids is None:
        kept = [_int64(v) for v in values.to_pylist()]
        ids = pa.array(kept, pa.int64())
    if ids.null_count == 0:
        return ids, pa.nulls(len(ids), pa.string())
    missing = pc.is_null(ids).to_numpy(zero_copy_only=False)
    notes = [_note(v.as_py()) if m else None for v, m in zip(values, missing, strict=True)]
    return ids, pa.array(notes, pa.string())


def packed_ids(
    release: pa.Array, brickid: pa.Array, objid: pa.Array
) -> tuple[pa.Int64Array, pa.StringArray]:
    """Pack release, brickid and objid of the Legacy Surveys into one integer, like `exact_ids`.

    The packing is that of DESI's TARGETID (Myers et al. 2023, AJ 165, 50, table 2): from the lowest
    bit 22 bits of objid, 20 of brickid, 16 of release. The id is null where a part is not an
    integer or has more bits.
    """
    parts, said = [], pa.nulls(len(objid), pa.string())
    for values, (name, bits) in zip((release, brickid, objid), PART_BITS.items(), strict=True):
        part, _ = exact_ids(values)
        fits = pc.and_(pc.greater_equal(part, 0), pc.less(part, 2**bits)).fill_null(False)
        note = pa.scalar(
            f"{name} is not an integer of {bits} bits: release, brickid and objid make the id"
        )
        said = pc.coalesce(said, pc.if_else(fits, pa.scalar(None, pa.string()), note))
        parts.append(pc.if_else(fits, part, pa.scalar(None, pa.int64())))
    shift_release, shift_brick = PART_BITS["brickid"] + PART_BITS["objid"], PART_BITS["objid"]
    high = pc.add(pc.shift_left(parts[0], shift_release), pc.shift_left(parts[1], shift_brick))
    return pc.add(high, parts[2]), said


def _fast(values: pa.Array) -> pa.Int64Array | None:
    """Convert the whole column at once; return None if a value cannot be converted."""
    kind = values.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        if not pc.all(pc.match_substring_regex(values, _DIGITS), min_count=0).as_py():
            return None
    elif not pa.types.is_integer(kind):
        return None
    try:
        return values.cast(pa.int64())
    except pa.ArrowInvalid:
        return None


def _int64(value: object) -> int | None:
    """Convert one value to an exact integer; return None if that is not possible."""
    if isinstance(value, str):
        text = value.strip()
        if len(text) > 40 or not re.match(_DIGITS, text) or not text.isascii():
            return None
        number = int(text)
    elif isinstance(value, float):
        if not value.is_integer() or abs(value) > _FLOAT_EXACT:
            return None
        number = int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    else:
        return None
    return number if -_INT64 <= number < _INT64 else None


def _note(value: object) -> str:
    if value is None:
        return "object_id is null: every galaxy needs an integer identifier"
    shown = repr(value)[:60]
    if isinstance(value, float):
        return (
            f"object_id {shown} is a float that is not whole or may have lost digits: store int64"
        )
    return f"object_id {shown} is not an integer of 64 bits: give every galaxy one"


def hashed_id(name: str) -> int:
    """Return a 63-bit identifier of a text, the same on every machine and in every run."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest) & (2**63 - 1)


def hashed_ids(values: pa.StringArray) -> tuple[pa.Int64Array, pa.StringArray]:
    """Hash texts that are not integers, like `exact_ids`. The order of the texts has no effect."""
    texts = values.to_pylist()
    notes = [None if text else _note(None) for text in texts]
    ids = [hashed_id(text) if text else None for text in texts]
    return pa.array(ids, pa.int64()), pa.array(notes, pa.string())


def repeated(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the values that occur more than once, without repetition, in ascending order."""
    values, counts = np.unique(ids, return_counts=True)
    return values[counts > 1]


def later_occurrences(ids: pa.Int64Array) -> NDArray[np.bool_]:
    """Return (N,) flags of the rows whose identifier also occurs in an earlier row.

    The first occurrence is not flagged, and null does not count as an identifier.
    """
    values = ids.fill_null(0).to_numpy(zero_copy_only=False)
    present = np.flatnonzero(pc.is_valid(ids).to_numpy(zero_copy_only=False))
    _, first = np.unique(values[present], return_index=True)
    flags = np.zeros(len(ids), dtype=bool)
    flags[present] = True
    flags[present[first]] = False
    return flags
