"""One way to write a stored column: name, type, meaning, unit and UCD together."""

from __future__ import annotations

import pyarrow as pa


def column(
    name: str, kind: pa.DataType, description: str, unit: str = "", ucd: str = "", null: bool = True
) -> pa.Field:
    """A nullable Arrow field whose metadata carries description, unit and UCD (if not empty)."""
    metadata = {"description": description, "unit": unit, "ucd": ucd}
    return pa.field(name, kind, nullable=null, metadata={k: v for k, v in metadata.items() if v})


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """A column as one plain array: chunks joined, dictionaries decoded."""
    chunks = column.chunks
    values = pa.concat_arrays(chunks) if chunks else pa.array([], column.type)
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def replaced(table: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    """`table` with other values in the column `name`."""
    index = table.schema.get_field_index(name)
    return table.set_column(index, table.schema.field(index), values)
