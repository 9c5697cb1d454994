"""Names under which published tables carry the same thing."""

from __future__ import annotations

import pytest

from catalogues.manifest import ALIASES, SCHEMA, require, resolve


def test_aliases_belong_to_one_column_each() -> None:
    lower = [alias.lower() for names in ALIASES.values() for alias in {n.lower() for n in names}]
    assert len(lower) == len(set(lower))
    assert set(ALIASES) <= set(SCHEMA.names)


@pytest.mark.parametrize("alias", [a for names in ALIASES.values() for a in names])
@pytest.mark.parametrize("change", [str, str.upper, str.lower])
def test_every_alias_in_any_case(alias: str, change) -> None:  # type: ignore[no-untyped-def]
    meaning = next(name for name, aliases in ALIASES.items() if alias in aliases)
    assert resolve([change(alias), "something"]) == {meaning: change(alias)}


def test_own_name_comes_first() -> None:
    assert resolve(["OBJID", "object_id", "id"]) == {"object_id": "object_id"}
    assert resolve(["Object_ID"]) == {"object_id": "Object_ID"}


def test_a_legacy_surveys_objid_needs_its_brick_and_release() -> None:
    names = ["RELEASE", "BRICKID", "BRICKNAME", "OBJID", "RA", "DEC"]
    mapping = resolve(names)
    assert (mapping["object_id"], mapping["release"], mapping["brickid"]) == (
        "OBJID", "RELEASE", "BRICKID",
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"unique only within a brick.*no column release: add it"):
        resolve(names[1:])
    with pytest.raises(ValueError, match=r"no column release nor brickid"):
        resolve(["brickname", "objid"])
    assert "brickid" not in resolve(names[1:], {"object_id": "OBJID"})  # the user's word
    assert "brickid" not in resolve([*names[1:], "object_id"])


def test_two_claims_are_refused() -> None:
    with pytest.raises(ValueError, match=r"columns objID, dr7objid could all be object_id.*rename"):
        resolve(["objID", "dr7objid", "ra"])
    assert resolve(["objID", "dr7objid"], {"object_id": "dr7objid"}) == {"object_id": "dr7objid"}


def test_chosen_must_be_there() -> None:
    with pytest.raises(
        ValueError, match="'galaxy' was named as object_id, but the columns are a, b"
    ):
        resolve(["a", "b"], {"object_id": "galaxy"})


def test_missing_is_named_with_a_remedy() -> None:
    names = ["a", "b"]
    with pytest.raises(ValueError, match="no column is object_id: the columns are a, b; name the"):
        require(resolve(names), names, ("object_id",))
    require({"object_id": "x"}, names, ("object_id",))
