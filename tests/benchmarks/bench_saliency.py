"""SmoothGrad: ours beside captum's NoiseTunnel, a plain loop and the floor from counted FLOPs.

    python -m tests.benchmarks.bench_saliency [--preset paper] [--samples 256] [--json FILE]

Every row is one member with random weights (speed does not depend on them), one galaxy, N samples,
on the GPU where there is one. The floor: the operations of N forward passes and N backward passes
to the input, over the rate of a large matrix product measured in the same run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from captum.attr import NoiseTunnel, Saliency
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from models.networks import PRESETS, Member, to_device
from models.saliency import SmoothGradParams, mean_gradients
from tests.reference.smoothgrad import smoothgrad_literal

BAR = 5


def seconds(work: Callable[[], object], device: torch.device, repeats: int) -> float:
    """Median wall time after one warm-up, the device's queue drained."""

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize()

    times = []
    for _ in range(repeats + 1):
        wait()
        start = time.perf_counter()
        work()
        wait()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def matrix_rate(device: torch.device, repeats: int) -> float:
    """FLOP/s of a float32 product of random matrices (TF32 off)."""
    n = 8192 if device.type == "cuda" else 2048
    a, b = torch.randn(n, n, device=device), torch.randn(n, n, device=device)
    return 2 * n**3 / seconds(lambda: a @ b, device, repeats)


def flops_per_sample(member: Member, image: Tensor) -> float:
    """Counted operations of one forward pass and one backward pass to the input."""
    leaf = image[None].clone().requires_grad_(True)
    with FlopCounterMode(display=False) as counter:
        member(leaf)[0, BAR].backward()  # the counter's hooks do not allow autograd.grad
    return float(counter.get_total_flops())


def captum_time(member: Member, image: Tensor, samples: int, batch: int | None, repeats: int) -> float:  # noqa: E501  # fmt: skip
    """NoiseTunnel(Saliency) as its documentation uses it, or with a batch size."""
    tunnel = NoiseTunnel(Saliency(member))
    sigma = 0.1 * float(image.max() - image.min())

    def work() -> Tensor:
        return tunnel.attribute(  # type: ignore[no-any-return]
            image[None].clone(), nt_type="smoothgrad", nt_samples=samples,
            nt_samples_batch_size=batch, stdevs=sigma, target=BAR,
        )  # fmt: skip

    return seconds(work, image.device, repeats)


def row(member: Member, samples: int, rate: float, repeats: int) -> dict[str, object]:
    """One member's times in seconds per galaxy, and ratios."""
    device = next(member.parameters()).device
    side = member.spec.input_px
    image = torch.rand(3, side, side, generator=torch.Generator().manual_seed(0)).to(device)
    params = replace(SmoothGradParams.paper(), samples=samples)
    ours = seconds(lambda: mean_gradients(member, image, [BAR], params, 1), device, repeats)
    captum = {b: captum_time(member, image, samples, b, repeats) for b in (8, 32, 64)}
    few = min(16, samples)
    noise = torch.randn(few, 3, side, side, device=device)
    loop = seconds(lambda: smoothgrad_literal(member, image, BAR, 0.1, noise), device, 1)
    floor = flops_per_sample(member, image) * samples / rate
    return {
        "member": member.spec.name,
        "input_px": side,
        "ours_s": ours,
        "captum_best_s": min(captum.values()),
        "captum_best_batch": min(captum, key=lambda b: captum[b]),
        "loop_s": loop * samples / few,
        "floor_s": floor,
        "times_captum": min(captum.values()) / ours,
        "share_of_floor": floor / ours,
    }


def main() -> None:
    """Print the table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", choices=sorted(PRESETS), default="compact")
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    name = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    rate = matrix_rate(device, options.repeats)
    print(f"{name}, {torch.get_num_threads()} threads, {rate / 1e9:.0f} GFLOP/s float32 product")
    rows = []
    for spec in PRESETS[options.preset]:
        torch.manual_seed(0)
        member = to_device(Member(spec).eval().requires_grad_(False), device)
        rows.append(row(member, options.samples, rate, options.repeats))
        r = rows[-1]
        print(
            f"{r['member']:>11} {r['input_px']:>4} px  ours {r['ours_s']:.3f} s  "
            f"captum (batch {r['captum_best_batch']}) {r['captum_best_s']:.3f} s  "
            f"loop {r['loop_s']:.3f} s  floor {r['floor_s']:.3f} s  "
            f"{r['times_captum']:.2f} x captum, {r['share_of_floor']:.0%} of the floor",
            flush=True,
        )
    if options.json:
        facts = {"device": name, "samples": options.samples, "float32_flops": rate, "rows": rows}
        options.json.write_text(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main()
