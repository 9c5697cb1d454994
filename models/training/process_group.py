"""The processes that train one network together and average their gradients."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import distributed, nn


@dataclass(frozen=True, kw_only=True)
class ProcessGroup:
    """The place of this process in its group: number `rank` (from 0) of `size`; alone by default.

    A group of more than one needs an initialised default group of torch.distributed. Each process
    has its own batch statistics; the running statistics of process 0 are kept.
    """

    rank: int = 0
    size: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.size:
            raise ValueError(f"rank={self.rank} must lie in 0..{self.size - 1}, the group's size")

    def parallel(self, network: nn.Module, device: torch.device) -> nn.Module:
        """Wrap `network` to average its gradients; all processes start with process 0's weights."""
        if self.size == 1:
            return network
        on = [device] if device.type == "cuda" else None
        # unused: some backbones contain layers that only their own classifier would need
        return nn.parallel.DistributedDataParallel(
            network, device_ids=on, find_unused_parameters=True
        )

    def total(self, values: list[float], device: torch.device) -> list[float]:
        """Return each value summed over the group."""
        if self.size == 1:
            return values
        sums = torch.tensor(values, dtype=torch.float64, device=device)
        distributed.all_reduce(sums)
        return [float(value) for value in sums]

    def agree(self, network: nn.Module) -> None:
        """Copy the buffers (running statistics) of process 0 to all processes."""
        if self.size > 1:
            for buffer in network.buffers():
                distributed.broadcast(buffer, 0)


ALONE = ProcessGroup()
"""One process, the usual case."""
