"""Pools of Ray actors outside Ray Data, and the crash guard's actor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from actors.measure.crash_guard import CrashGuard
from pipelines.cluster.resources import Pool

Work = Iterable[tuple[Any, ...]]

OnEach = Callable[[str, Work], Iterator[Any]]
"""Call a method of the actors with each tuple of arguments; yields the results, in any order."""


@contextmanager
def on_actors(kind: Any, arguments: tuple[Any, ...], pool: Pool, retries: int = 3) -> Iterator[OnEach]:  # noqa: E501  # fmt: skip
    """Provide a pool of actors of the Ray class `kind`; killed at the end. Raises Ray's errors.

    The actors start at the first call. `arguments` are those of the constructor. `retries` is how
    often a call is repeated after its actor died, and how often an actor is restarted; -1 means
    without limit, if something else counts the deaths.
    """
    import ray  # after the cluster is connected
    from ray.util import ActorPool

    actors: list[Any] = []
    asked = {"num_gpus": pool.gpus} if pool.gpus else {"num_cpus": pool.cpus}
    made = kind.options(max_restarts=retries, max_task_retries=retries, **asked)

    def on_each(method: str, work: Work) -> Iterator[Any]:
        if not actors:
            actors.extend(made.remote(*arguments) for _ in range(pool.max_size))
        calls = ActorPool(actors)
        yield from calls.map_unordered(lambda a, words: getattr(a, method).remote(*words), work)

    try:
        yield on_each
    finally:
        for actor in actors:
            ray.kill(actor)


def crash_guard_beside_driver() -> Any:
    """Start the crash guard's actor on the driver's node: it must live as long as the driver."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
    actor = ray.remote(CrashGuard).options(
        num_cpus=0, max_restarts=-1, max_task_retries=-1, scheduling_strategy=here
    )
    return actor.remote()
