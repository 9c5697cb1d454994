"""Convert a table, with any of the known names and types of its columns, to manifest rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from catalogues.columns import one_array
from catalogues.manifest import ID_PARTS, IMAGE_TYPE, SCHEMA
from catalogues.shards.ids import exact_ids, hashed_ids, packed_ids

NOTE = "object_id_note"
"""Column that says why an object_id is null; null if the object_id is not."""


def manifest_rows(
    table: pa.Table, mapping: Mapping[str, str], extra: Iterable[str] = (), hash_ids: bool = False
) -> pa.Table:
    """Convert `table` to the manifest's names, types and order, then NOTE, then `extra` columns.

    `mapping`: from catalogues.manifest.resolve. An absent column becomes null (an absent image a
    struct of nulls), and so does an optional value that cannot be converted to its type. An
    object_id that is not an int64 becomes null, with a sentence in NOTE. `hash_ids`: hash a text
    column to identifiers and store the texts as survey_id, unless another column is survey_id.
    """
    arrays = {name: _column(table, mapping.get(name), name) for name in SCHEMA.names}
    note = pa.nulls(len(table), pa.string())
    if "object_id" in mapping:
        given = [
            one_array(table.column(mapping[name]))
            for name in (*ID_PARTS, "object_id")
            if name in mapping
        ]
        hashed = hash_ids and pa.types.is_string(given[-1].type) and len(given) == 1
        make = hashed_ids if hashed else exact_ids if len(given) == 1 else packed_ids
        arrays["object_id"], note = make(*given)
        if hashed and "survey_id" not in mapping:
            arrays["survey_id"] = given[-1]
    fields = [field.with_nullable(True) for field in SCHEMA] + [pa.field(NOTE, pa.string())]
    passed = list(extra)
    fields += [table.schema.field(name) for name in passed]
    columns = [*arrays.values(), note, *(table.column(name) for name in passed)]
    return pa.table(columns, schema=pa.schema(fields))


def _column(table: pa.Table, source: str | None, name: str) -> pa.Array:
    kind = SCHEMA.field(name).type
    if name == "image":
        return _images(table.column(source) if source else pa.chunked_array([pa.nulls(len(table))]))
    if source is None or name == "object_id":
        return pa.nulls(len(table), kind)
    return _lenient(table.column(source), kind)


def shard_schema(extra: Iterable[pa.Field] = ()) -> pa.Schema:
    """Return the schema of written shards: the manifest's, then the passed-through columns."""
    return pa.schema([*SCHEMA, *extra])


def _images(column: pa.ChunkedArray) -> pa.Array:
    """Convert a struct, plain binary or a string (the path) to struct{bytes, path}."""
    values = one_array(column)
    kind = values.type
    data, path = pa.nulls(len(values), pa.binary()), pa.nulls(len(values), pa.string())
    if pa.types.is_struct(kind):
        names = [kind.field(i).name for i in range(kind.num_fields)]
        if "bytes" in names:
            data = pc.struct_field(values, "bytes").cast(pa.binary())
        if "path" in names:
            path = pc.struct_field(values, "path").cast(pa.string())
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        path = values.cast(pa.string())
    elif not pa.types.is_null(kind):
        try:
            data = values.cast(pa.binary())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise ValueError(
                f"the image column is of type {kind}: store struct{{bytes, path}}, binary or the "
                "path as text"
            ) from None
    return pa.StructArray.from_arrays([data, path], fields=list(IMAGE_TYPE))


def _lenient(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    values = one_array(column)
    try:
        return values.cast(kind, safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array([_reread(v, kind) for v in values.to_pylist()], kind)


def _reread(value: object, kind: pa.DataType) -> object:
    if pa.types.is_string(kind):
        return None if value is None else str(value)
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
