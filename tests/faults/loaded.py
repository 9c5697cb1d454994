"""Importing this loads what the commands of `tests.faults.forked` need."""

import os

from pipelines.cluster.resources import import_ray

os.environ["RAY_AUTH_MODE"] = "disabled"  # as tests.faults.nodes has it; Ray looks but once
import_ray()

import torch  # noqa: E402  (once Ray's environment is set)

from actors.measure import decoder, measurer, shard_source, writer  # noqa: E402, F401
from pipelines.cluster import monitor  # noqa: E402, F401
from pipelines.measure import command, plan, session, stages  # noqa: E402, F401
from tests.faults import fakes  # noqa: E402, F401

torch.set_num_threads(1)
