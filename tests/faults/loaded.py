"""Importing this loads what the commands of `tests.faults.forked` need."""

from pipelines.resources import import_ray

import_ray()

import torch  # noqa: E402  (once Ray's environment is set)

from pipelines import measure, metrics, plan, session, stages  # noqa: E402, F401
from tests.faults import fakes  # noqa: E402, F401

torch.set_num_threads(1)
