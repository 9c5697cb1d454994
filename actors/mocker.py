"""Mock galaxies drawn by all of a cluster's CPUs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa
import ray

from catalogues.mock_survey import MockSurvey
from catalogues.mocks import mock_table


def in_order(work: Callable[..., pa.Table], calls: Iterable[tuple[Any, ...]], in_flight: int) -> Iterator[pa.Table]:  # noqa: E501  # fmt: skip
    """work(*call) of each call, in their order, by Ray tasks of one CPU.

    At most `in_flight` tables are made ahead of the one that is asked for, which bounds memory.
    What a task raises is raised here.
    """
    task = ray.remote(num_cpus=1)(work)
    waiting: deque[ray.ObjectRef] = deque()
    try:
        for call in calls:
            waiting.append(task.remote(*call))
            if len(waiting) >= in_flight:
                yield ray.get(waiting.popleft())
        while waiting:
            yield ray.get(waiting.popleft())
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None


def drawn(
    survey: MockSurvey, *, rows_per_task: int = 10, in_flight: int = 16
) -> Iterator[pa.Table]:
    """The survey's rows in order, drawn by Ray tasks of `rows_per_task` galaxies."""
    calls = ((survey.seed, block, survey.sky) for block in survey.blocks(rows_per_task))
    return in_order(mock_table, calls, in_flight)
