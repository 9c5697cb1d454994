"""Choice of machines for Ray's autoscaler: spot first, on-demand if the cloud has no spot left.

Ray's own choice ignores prices, and requests the same machines again however often the cloud
refuses them. cluster.yaml names `prefer_spot` in RAY_AUTOSCALER_UTILIZATION_SCORER, Ray's hook.
"""

from __future__ import annotations

from typing import Any

SPOT = "_spot"
"""Ending of the names of node types on spot machines."""


def prefer_spot(
    node_resources: dict[str, float],
    resources: list[dict[str, float]],
    node_type: str,
    *,
    node_availability_summary: Any,
) -> tuple[bool | float, ...] | None:
    """Score a node type for pending work, like Ray: larger is better, None if it serves no work.

    A type that the cloud refused within AUTOSCALER_NODE_AVAILABILITY_MAX_STALENESS_S (30 min) comes
    after the types that it did not refuse, but GPU nodes never replace CPU nodes. Among equal
    types, spot wins.
    """
    from ray.autoscaler._private.resource_demand_scheduler import _default_utilization_scorer

    score = _default_utilization_scorer(
        node_resources, resources, node_type, node_availability_summary=node_availability_summary
    )
    if score is None:
        return None
    spares_gpus, *fit = score
    known = node_availability_summary.node_availabilities.get(node_type)
    available = known is None or known.is_available
    return (spares_gpus, available, *fit, node_type.endswith(SPOT))
