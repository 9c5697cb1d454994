"""Heartbeats: what they count, what they say of a run's life, on every kind of store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from catalogues import storage
from catalogues.runs.heartbeat import (
    FILE,
    STALE_S,
    Heartbeat,
    Life,
    life,
    read_heartbeat,
    silence_s,
    write_heartbeat,
)
from catalogues.runs.provenance import RunRecord

BEGAN = datetime(2026, 11, 22, 7, 0, 0, tzinfo=UTC)
RECORD = RunRecord(run_id="abc", facts={}, sessions=({"started": BEGAN.isoformat()},))
BEAT = Heartbeat(
    run_id="abc",
    session=BEGAN.isoformat(),
    written=(BEGAN + timedelta(hours=1)).isoformat(),
    galaxies=1000,
    before=100,
    seconds=50.0,
    statuses={"measured": 80, "not_selected": 220},
)


def test_rate_and_time_left_are_of_this_session() -> None:
    assert (BEAT.done, BEAT.rate, BEAT.seconds_left) == (300, 4.0, 175.0)
    assert replace(BEAT, before=300).seconds_left is None


def test_written_and_read_and_what_is_no_heartbeat(place: str) -> None:
    fs, root = storage.filesystem(place)
    assert read_heartbeat(fs, root) is None
    write_heartbeat(fs, root, BEAT)
    assert read_heartbeat(fs, root) == BEAT
    for other in (b"", b"[1]", b'{"run_id": "abc"}', b"\xff"):
        storage.write_whole(fs, storage.join(root, FILE), other)
        assert read_heartbeat(fs, root) is None


@pytest.mark.parametrize(("hours", "seconds"), [(0, 1), (0, STALE_S), (1, STALE_S)])
def test_a_run_lives_while_it_beats(hours: float, seconds: float) -> None:
    now = BEGAN + timedelta(hours=hours, seconds=seconds)
    beat = BEAT if hours else None
    assert silence_s(RECORD, beat, now) == seconds
    assert life(RECORD, beat, now) is Life.RUNNING
    assert life(RECORD, beat, now + timedelta(seconds=1)) is (
        Life.RUNNING if seconds == 1 else Life.STALE
    )


def test_a_beat_of_an_earlier_session_is_no_sign_of_life() -> None:
    later = (BEGAN + timedelta(minutes=30)).isoformat()
    record = RECORD.with_session({"started": later})
    now = BEGAN + timedelta(hours=1, seconds=10)
    assert life(record, BEAT, now) is Life.STALE
    assert life(record, replace(BEAT, session=later), now) is Life.RUNNING
    assert life(record, replace(BEAT, session=later, run_id="other"), now) is Life.STALE


@pytest.mark.parametrize("outcome", ["finished", "interrupted", "failed"])
def test_how_a_session_ended_is_for_run_json_to_say(outcome: str) -> None:
    assert life(RECORD.ended(outcome, {}), BEAT, BEGAN + timedelta(days=9)) == outcome


def test_never_started() -> None:
    assert life(None, None, BEGAN) is Life.NEVER_STARTED
    assert life(replace(RECORD, sessions=()), BEAT, BEGAN) is Life.NEVER_STARTED
