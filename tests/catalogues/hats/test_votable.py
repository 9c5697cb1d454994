"""The footer's VOTable says of every column what the schema says, in words of the standards."""

from __future__ import annotations

import io

import pyarrow as pa
from astropy import units
from astropy.io import votable
from astropy.io.votable.ucd import parse_ucd

from catalogues.bars import SCHEMA
from catalogues.columns import column
from catalogues.hats.votable import CONTENT_KEY, VERSION_KEY, votable_keys


def fields_of(schema: pa.Schema) -> list:
    keys = votable_keys(schema, "bars", "measured < & >", {"status": 12})
    assert keys[VERSION_KEY] == b"1.0"
    parsed = votable.parse(io.BytesIO(keys[CONTENT_KEY]), verify="exception")
    table = parsed.get_first_table()
    assert (table.name, table.description, len(table.array)) == ("bars", "measured < & >", 0)
    assert [c.system for c in parsed.iter_coosys()] == ["ICRS"]
    return list(table.fields)


def test_every_column_is_described() -> None:
    found = fields_of(SCHEMA)
    assert [f.name for f in found] == SCHEMA.names
    for field, stored in zip(found, SCHEMA, strict=True):
        known = {k.decode(): v.decode() for k, v in stored.metadata.items()}
        assert field.description == known["description"]
        assert field.ucd == known.get("ucd")
        assert field.unit == (units.Unit(known["unit"]) if "unit" in known else None)
    types = {f.name: (f.datatype, f.arraysize) for f in found}
    assert types["object_id"] == ("long", None)
    assert types["bar_length_px"] == ("float", None)
    assert types["bar_length_px_members"] == ("float", "*")
    assert types["status"][0] == "char"
    assert {f.name for f in found if f.ref == "ICRS"} == {"ra", "dec"}


def test_ucds_and_units_are_known_words() -> None:
    for field in SCHEMA:
        known = {k.decode(): v.decode() for k, v in field.metadata.items()}
        assert parse_ucd(known.get("ucd", "meta.note"), check_controlled_vocabulary=True)
        assert units.Unit(known.get("unit", ""), format="vounit", parse_strict="raise") is not None


def test_types_that_votable_has_not_stand_as_text() -> None:
    odd = pa.schema([column("when", pa.timestamp("s"), "a time"), column("no", pa.bool_(), "no")])
    assert [f.datatype for f in fields_of(odd)] == ["char", "boolean"]
