"""Processes that train one member together and average their gradients."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import distributed, nn


@dataclass(frozen=True, kw_only=True)
class ProcessGroup:
    """Which (`rank`, first 0) of how many (`size`) processes this is; alone by default.

    A group of more than one needs torch.distributed's default group to be there. Batch statistics
    are each process's own; the running ones of process 0 count.
    """

    rank: int = 0
    size: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.size:
            raise ValueError(f"rank={self.rank} must lie in 0..{self.size - 1}, the group's size")

    def parallel(self, network: nn.Module, device: torch.device) -> nn.Module:
        """`network`, averaging its gradients over the group; all begin with process 0's weights."""
        if self.size == 1:
            return network
        on = [device] if device.type == "cuda" else None
        # some backbones hold layers that only their own classifier would have used
        return nn.parallel.DistributedDataParallel(
            network, device_ids=on, find_unused_parameters=True
        )

    def total(self, values: list[float], device: torch.device) -> list[float]:
        """Each value summed over the group."""
        if self.size == 1:
            return values
        sums = torch.tensor(values, dtype=torch.float64, device=device)
        distributed.all_reduce(sums)
        return [float(value) for value in sums]

    def agree(self, network: nn.Module) -> None:
        """Give everybody the buffers (running statistics) of process 0."""
        if self.size > 1:
            for buffer in network.buffers():
                distributed.broadcast(buffer, 0)


ALONE = ProcessGroup()
"""One process, the usual case."""
