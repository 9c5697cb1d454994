"""Arrow columns: fields with description, unit and UCD, and small helpers for tables."""

from __future__ import annotations

import pyarrow as pa


def column(
    name: str, kind: pa.DataType, description: str, unit: str = "", ucd: str = "", null: bool = True
) -> pa.Field:
    """Return an Arrow field whose metadata holds description, unit and UCD (those not empty)."""
    metadata = {"description": description, "unit": unit, "ucd": ucd}
    return pa.field(name, kind, nullable=null, metadata={k: v for k, v in metadata.items() if v})


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one plain array: join its chunks and decode dictionaries."""
    chunks = column.chunks
    values = pa.concat_arrays(chunks) if chunks else pa.array([], column.type)
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def replaced(table: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    """Return `table` with the column `name` replaced by `values`."""
    index = table.schema.get_field_index(name)
    return table.set_column(index, table.schema.field(index), values)
