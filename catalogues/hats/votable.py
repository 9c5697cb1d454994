"""Describe the columns of a Parquet file with VOTable metadata in its footer (VOParquet).

See the IVOA Note "VOParquet: VOTable metadata in Parquet" 1.0. One key of the footer holds the
note's version, another a VOTable without data whose FIELDs are the file's columns in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree

import pyarrow as pa

VERSION_KEY, CONTENT_KEY = b"IVOA.VOTable-Parquet.version", b"IVOA.VOTable-Parquet.content"
"""Keys of the footer."""

_NAMESPACE = "http://www.ivoa.net/xml/VOTable/v1.3"

_NUMBERS: dict[pa.DataType, str] = {
    pa.bool_(): "boolean",
    pa.uint8(): "unsignedByte",
    pa.int16(): "short",
    pa.int32(): "int",
    pa.int64(): "long",
    pa.float32(): "float",
    pa.float64(): "double",
}

_PLACES = ("ra", "dec")


def votable_keys(
    schema: pa.Schema, name: str, description: str, text_lengths: Mapping[str, int]
) -> dict[bytes, bytes]:
    """Return the footer's keys for a table of `schema` called `name`.

    text_lengths: characters of the longest text, by column; astropy makes arrays of this width.
    """
    content = votable(schema, name, description, text_lengths)
    return {VERSION_KEY: b"1.0", CONTENT_KEY: content}


def votable(
    schema: pa.Schema, name: str, description: str, text_lengths: Mapping[str, int]
) -> bytes:
    """Make a VOTable 1.4 without data, with units, UCDs and descriptions from the fields' metadata.

    `ra` and `dec` refer to ICRS. A column whose type VOTable does not have is declared as text.
    """
    root = ElementTree.Element("VOTABLE", {"version": "1.4", "xmlns": _NAMESPACE})
    resource = ElementTree.SubElement(root, "RESOURCE", {"type": "results"})
    ElementTree.SubElement(resource, "COOSYS", {"ID": "ICRS", "system": "ICRS"})
    table = ElementTree.SubElement(resource, "TABLE", {"name": name})
    ElementTree.SubElement(table, "DESCRIPTION").text = description
    for field in schema:
        known = {k.decode(): v.decode() for k, v in (field.metadata or {}).items()}
        told = {"name": field.name} | _type(field, text_lengths)
        told |= {key: known[key] for key in ("unit", "ucd") if key in known}
        told |= {"ref": "ICRS"} if field.name in _PLACES else {}
        element = ElementTree.SubElement(table, "FIELD", told)
        if "description" in known:
            ElementTree.SubElement(element, "DESCRIPTION").text = known["description"]
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _type(field: pa.Field, text_lengths: Mapping[str, int]) -> dict[str, str]:
    kind = field.type
    if kind in _NUMBERS:
        return {"datatype": _NUMBERS[kind]}
    if pa.types.is_list(kind) and kind.value_type in _NUMBERS:
        return {"datatype": _NUMBERS[kind.value_type], "arraysize": "*"}
    return {"datatype": "char", "arraysize": f"{max(1, text_lengths.get(field.name, 1))}*"}
