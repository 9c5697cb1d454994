"""One output, one run: on a folder and on a real S3 server; the dead block nobody for long."""

from __future__ import annotations

import multiprocessing
import threading
import time
from dataclasses import replace

import pytest

from catalogues import storage
from catalogues.runs import lease
from catalogues.runs.lease import (
    LeaseError,
    LeaseParams,
    check_holder,
    hold,
    read_holder,
    this_process,
)

QUICK = LeaseParams(beat_s=0.1, silence_s=1.0, settle_s=0.05)


def path(place: str) -> tuple[object, str, str]:
    fs, root = storage.filesystem(place)
    return fs, root, storage.join(root, lease.FILE)


def test_a_second_run_is_refused_and_then_admitted(place: str) -> None:
    fs, root, file = path(place)
    told: list[str] = []
    with hold(fs, root, QUICK) as first:
        check_holder(fs, file, first.name)
        with (
            pytest.raises(LeaseError, match=r"another run \(process \d+ on .*choose another out"),
            hold(fs, root, QUICK, told.append),
        ):
            pytest.fail("two hold it")
        assert "waiting up to 1 s" in told[0]
        first.check()
    assert not storage.exists(fs, file)
    with hold(fs, root, QUICK) as second:
        second.check()
        with pytest.raises(LeaseError, match="another run has taken the output over"):
            check_holder(fs, file, first.name)


def test_a_holder_elsewhere_that_falls_silent_is_dead(place: str) -> None:
    fs, root, file = path(place)
    away = replace(this_process(), boot="another machine", holder="away")
    storage.write_whole(fs, file, away.to_json())
    began = time.monotonic()
    with hold(fs, root, QUICK) as mine:
        assert 1.0 <= time.monotonic() - began < 10
        check_holder(fs, file, mine.name)


def test_a_process_of_this_machine_that_is_gone_is_not_waited_for(place: str) -> None:
    fs, root, file = path(place)
    process = multiprocessing.get_context("spawn").Process(target=str)
    process.start()
    process.join()
    gone = replace(this_process(), pid=process.pid or 0, holder="gone")
    storage.write_whole(fs, file, gone.to_json())
    with hold(fs, root, LeaseParams(beat_s=10, silence_s=1000, settle_s=0.05)):
        pass


def test_a_file_that_names_nobody_is_waited_for_and_replaced(place: str) -> None:
    fs, root, file = path(place)
    storage.write_whole(fs, file, b"{")
    with hold(fs, root, QUICK) as mine:
        check_holder(fs, file, mine.name)


def test_who_loses_the_lease_is_told(place: str) -> None:
    fs, root, file = path(place)
    other = replace(this_process(), holder="other", host="elsewhere")
    with hold(fs, root, QUICK) as mine:
        storage.write_whole(fs, file, other.to_json())
        time.sleep(5 * QUICK.beat_s)
        with pytest.raises(LeaseError, match=r"no longer this run's but process \d+ on elsewhere"):
            mine.check()
    assert read_holder(storage.read_whole(fs, file)).holder == "other"  # and leaves it alone


@pytest.mark.long
def test_of_three_who_take_over_at_once_one_does(place: str) -> None:
    fs, root, file = path(place)
    away = replace(this_process(), boot="another machine", holder="away")
    storage.write_whole(fs, file, away.to_json())
    got: list[str] = []
    refused: list[str] = []

    def attempt() -> None:
        try:
            with hold(storage.filesystem(place)[0], root, QUICK) as mine:
                got.append(mine.name)
                time.sleep(2)
        except LeaseError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=attempt) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(refused)) == (1, 2)


def test_params_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="miss a beat"):
        LeaseParams(beat_s=10, silence_s=15)
