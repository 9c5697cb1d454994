"""One way to write a stored column: name, type, meaning, unit and UCD together."""

from __future__ import annotations

import pyarrow as pa


def column(
    name: str, kind: pa.DataType, description: str, unit: str = "", ucd: str = "", null: bool = True
) -> pa.Field:
    """A nullable Arrow field whose metadata carries description, unit and UCD (if not empty)."""
    metadata = {"description": description, "unit": unit, "ucd": ucd}
    return pa.field(name, kind, nullable=null, metadata={k: v for k, v in metadata.items() if v})
