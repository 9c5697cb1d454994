"""Mock galaxies drawn by all of a cluster's CPUs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import pyarrow as pa
import ray

from catalogues.mock_survey import MockSurvey
from catalogues.mocks import mock_table


def drawn(
    survey: MockSurvey, *, rows_per_task: int = 10, in_flight: int = 16
) -> Iterator[pa.Table]:
    """The survey's rows in order, drawn by Ray tasks of `rows_per_task` galaxies.

    At most `in_flight` tables are drawn ahead of the one that is asked for, which bounds memory.
    """
    draw = ray.remote(num_cpus=1)(mock_table)
    waiting: deque[ray.ObjectRef] = deque()
    for block in survey.blocks(rows_per_task):
        waiting.append(draw.remote(survey.seed, block, survey.sky))
        if len(waiting) >= in_flight:
            yield ray.get(waiting.popleft())
    while waiting:
        yield ray.get(waiting.popleft())
