"""run.json in words."""

from __future__ import annotations

import pytest

from pipelines.pages.run_facts import Facts, all_facts, main_facts

RECORD = {
    "run_id": "demo-1",
    "facts": {
        "seed": 0,
        "input": {"rows": 3},
        "ensemble": {"members": [{"name": "a", "width": 4}, {"name": "b", "std": [0.5, 1.0]}]},
        "keep": [],
        "label": None,
    },
    "sessions": [
        {"started": "2026-01-02T03:04:05+00:00", "ended": "2026-01-02T04:00:00+01:00"},
        {"started": "2026-01-02T05:04:05+00:00"},
    ],
    "statuses": {},
}


def test_main_facts_leave_out_what_is_not_there() -> None:
    assert dict(main_facts(RECORD)) == {
        "galaxies": "3",
        "seed of the noise": "0",
        "first started": "2 January 2026, 03:04:05 UTC",
        "last ended": "not yet",
    }
    assert main_facts({}) == ()


def test_all_facts_keep_everything_under_dotted_names() -> None:
    groups = all_facts(RECORD)
    assert groups[0] == Facts(name="", facts=(("run_id", "demo-1"),))
    assert dict(groups[1].facts) == {
        "seed": "0",
        "input.rows": "3",
        "ensemble.members.1.name": "a",
        "ensemble.members.1.width": "4",
        "ensemble.members.2.name": "b",
        "ensemble.members.2.std": "0.5, 1",
        "keep": "none",
        "label": "none",
    }
    assert dict(groups[2].facts)["2.started"] == "2026-01-02T05:04:05+00:00"
    assert [group.name for group in groups] == ["", "facts", "sessions"]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"a": True}, "yes"),
        ({"a": float("nan")}, "nan"),
        ({"a": [[1]]}, "[[1]]"),
        ({"a": {}}, "{}"),
    ],
)
def test_odd_values(facts, said) -> None:
    assert all_facts({"facts": facts})[0].facts == (("a", said),)
