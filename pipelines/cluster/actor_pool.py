"""Work handed to a pool of Ray actors outside Ray Data: answers as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from actors.measure.crash_guard import CrashGuard
from pipelines.cluster.resources import Pool

Work = Iterable[tuple[Any, ...]]

OnEach = Callable[[str, Work], Iterator[Any]]
"""Of a method of an actor and its calls' arguments: the answers, in any order."""


@contextmanager
def on_actors(kind: Any, arguments: tuple[Any, ...], pool: Pool, retries: int = 3) -> Iterator[OnEach]:  # noqa: E501  # fmt: skip
    """A pool of actors of the Ray class `kind`, started when first asked for, killed at the end.

    arguments: of its constructor. retries: of a call whose actor died, and restarts of an actor;
    -1 for ever, where something else counts the deaths. Raises Ray's errors.
    """
    import ray  # only once the cluster is there
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
    """The actor that counts deaths, beside the driver: where that is gone, so is the session."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
    actor = ray.remote(CrashGuard).options(
        num_cpus=0, max_restarts=-1, max_task_retries=-1, scheduling_strategy=here
    )
    return actor.remote()
