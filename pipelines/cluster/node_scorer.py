"""Which machines a cluster's launcher asks for: spot first, on-demand where spot has run out.

Ray's own choice knows no price and asks for the same machines again however often the cloud refuses
them. cluster.yaml names `prefer_spot` in RAY_AUTOSCALER_UTILIZATION_SCORER, Ray's hook for this.
"""

from __future__ import annotations

from typing import Any

SPOT = "_spot"
"""Names of node types on spot machines end so."""


def prefer_spot(
    node_resources: dict[str, float],
    resources: list[dict[str, float]],
    node_type: str,
    *,
    node_availability_summary: Any,
) -> tuple[bool | float, ...] | None:
    """Ray's score of a node type for pending work, the larger the better, None if it serves none.

    A type that the cloud refused within AUTOSCALER_NODE_AVAILABILITY_MAX_STALENESS_S (30 min) comes
    after those that it did not, but GPUs are never asked for in place of CPUs. Of equals, spot.
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
