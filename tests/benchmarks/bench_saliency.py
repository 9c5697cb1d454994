"""SmoothGrad: ours beside captum's NoiseTunnel, a plain loop and the floor from counted FLOPs.

    python -m tests.benchmarks.bench_saliency [--preset paper] [--samples 256] [--profile]

Every row is one member with random weights (speed does not depend on them), one galaxy, N samples,
on the GPU where there is one, all ways in turns. captum gets the member as it is, once as its
documentation uses it (all samples in one batch) and once with its best batch size. The floor: the
operations of N forward passes and N backward passes to the input, over the rate of a large matrix
product in ours's precision, measured in the same run. "correlation": of ours's map with that of the
member as it is, on the same noise. "views": ours with a rotation, reflection and width of each
sample's own, over ours without. "votes_per_s": in blocks of 64 on a GPU, one by one on a CPU, as
they are and lowered. --profile prints what the time of ours went into.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from captum.attr import NoiseTunnel, Saliency
from torch import Tensor
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from models.networks.fast_gradients import FastMember, SpeedParams, fast
from models.networks.member import Member, to_device
from models.networks.presets import PRESETS
from models.saliency.gradients import mean_gradients
from models.saliency.params import SmoothGradParams
from models.view_params import ViewParams
from tests.benchmarks import timing
from tests.reference.smoothgrad import smoothgrad_literal

BAR = 5


def matrix_rate(device: torch.device, dtype: torch.dtype, repeats: int) -> float:
    """FLOP/s of a product of random matrices (TF32 off)."""
    n = 8192 if device.type == "cuda" else 1536
    a, b = (torch.randn(n, n, device=device).to(dtype) for _ in range(2))
    return 2 * n**3 / timing.in_turns({"": lambda: a @ b}, device, repeats)[""]


def flops_per_sample(member: Member, image: Tensor) -> float:
    """Counted operations of one forward pass and one backward pass to the input."""
    leaf = image[None].clone().requires_grad_(True)
    with FlopCounterMode(display=False) as counter:
        member(leaf)[0, BAR].backward()  # the counter's hooks do not allow autograd.grad
    return float(counter.get_total_flops())


def captum(member: Member, image: Tensor, samples: int, batch: int | None) -> Tensor:
    """NoiseTunnel(Saliency) with a batch size, or as its documentation uses it."""
    tunnel = NoiseTunnel(Saliency(member))
    sigma = 0.1 * float(image.max() - image.min())
    return tunnel.attribute(  # type: ignore[no-any-return]
        image[None].clone(), nt_type="smoothgrad", nt_samples=samples,
        nt_samples_batch_size=batch, stdevs=sigma, target=BAR,
    )  # fmt: skip


def speeds(device: torch.device, *, compiled: bool) -> dict[str, SpeedParams]:
    """The default way of the device and others to compare it with."""
    ways = {"ours": SpeedParams.of(device), "as_is": SpeedParams.none()}
    if device.type == "cuda":
        ways |= {
            "ours_graphs": replace(ways["ours"], graphs=True),
            "float32": SpeedParams(),
            "float32_compiled": SpeedParams(compile=True),
            "bfloat16": SpeedParams(precision="bfloat16"),
            "float16_compiled": SpeedParams(precision="float16", compile=True),
        }
    elif compiled:
        ways |= {"compiled": SpeedParams(compile=True), "bfloat16": SpeedParams(precision="bfloat16")}  # noqa: E501  # fmt: skip
    return ways


def row(member: Member, options: Any, device: torch.device) -> dict[str, Any]:
    """One member's times in seconds per galaxy, and ratios."""
    side, samples = member.spec.input_px, options.samples
    image = torch.rand(3, side, side, generator=torch.Generator().manual_seed(0)).to(device)
    params = replace(SmoothGradParams.paper(), samples=samples)
    made = {n: fast(member, s, device) for n, s in speeds(device, compiled=options.compiled).items()}  # noqa: E501  # fmt: skip
    ways: dict[str, Callable[[], Tensor]] = {
        name: partial(mean_gradients, m, image, [BAR], params, 1) for name, m in made.items()
    }
    maps = {name: work().flatten() for name, work in ways.items()}
    turned = replace(params, view=ViewParams(rotate=True, reflect=True, width_range=(0.9, 1.0)))
    ways["ours_views"] = partial(mean_gradients, made["ours"], image, [BAR], turned, 1)
    if options.profile:
        print(profiled(ways["ours"], device), flush=True)
    batches = [b for b in (8, 32, 64) if b < samples]
    ways |= {f"captum_{b}": partial(captum, member, image, samples, b) for b in batches}
    if side < 128 or samples <= 16 or device.type == "cuda":
        ways["captum_documented"] = partial(captum, member, image, samples, None)
    few = min(8, samples)
    noise = torch.randn(few, 3, side, side, device=device)
    ways["loop"] = partial(smoothgrad_literal, member, image, BAR, 0.1, noise)
    times = timing.in_turns(ways, device, options.repeats)
    times["loop"] *= samples / few
    lowered = made["ours"].lowered if isinstance(made["ours"], FastMember) else None
    rate = matrix_rate(device, lowered or torch.float32, options.repeats)
    floor = flops_per_sample(member, image) * samples / rate
    best = min((t for n, t in times.items() if n.startswith("captum")))
    pair = torch.stack([maps["ours"], maps["as_is"]])
    notes = [n for m in made.values() if isinstance(m, FastMember) for n in _notes(m)]
    return {
        "member": member.spec.name, "input_px": side, "samples": samples,
        **{f"{name}_s": t for name, t in times.items()},
        "matrix_gflops": rate / 1e9, "floor_s": floor, "share_of_floor": floor / times["ours"],
        "times_as_is": times["as_is"] / times["ours"], "times_captum_best": best / times["ours"],
        "times_captum_documented": times.get("captum_documented", float("nan")) / times["ours"],
        "times_loop": times["loop"] / times["ours"], "views": times["ours_views"] / times["ours"],
        **votes_rates(member, image, device, options.repeats),
        "one_minus_correlation": 1 - float(torch.corrcoef(pair.double())[0, 1]), "notes": notes,
    }  # fmt: skip


def votes_rates(member: Member, image: Tensor, device: torch.device, repeats: int) -> dict[str, float]:  # noqa: E501  # fmt: skip
    """Votes a second, exact and in the gradients' precision, of a batch that is on the device."""
    batch = image.expand(64 if device.type == "cuda" else 1, -1, -1, -1)
    batch = batch.contiguous(memory_format=torch.channels_last)
    speed = replace(SpeedParams.of(device), lower_votes=True)
    made = {"votes_per_s": member, "lower_votes_per_s": fast(member, speed, device)}
    with torch.inference_mode():
        times = timing.in_turns({n: partial(m.votes, batch) for n, m in made.items()}, device, repeats)  # noqa: E501  # fmt: skip
    return {name: len(batch) / seconds for name, seconds in times.items()}


def profiled(work: Callable[[], Tensor], device: torch.device) -> str:
    """A table of the operations that took longest."""
    work()
    kinds = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * (device.type == "cuda")
    with profile(activities=kinds) as seen:
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
    return seen.key_averages().table(sort_by=f"self_{device.type}_time_total", row_limit=12)


def _notes(member: FastMember) -> list[str]:
    """What was asked for and is not done."""
    reason = getattr(member.network, "reason", None)
    return [*member.notes, *([f"not compiled: {reason}"] if reason else [])]


def main() -> None:
    """Print the table, write JSON."""
    parser = timing.parser(__doc__)
    parser.add_argument("--preset", choices=sorted(PRESETS), default="compact")
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--compiled", action="store_true", help="on a CPU, compile too (minutes)")
    parser.add_argument("--profile", action="store_true", help="what the time went into")
    options = parser.parse_args()
    device, rows = timing.device(), []
    if options.quick:
        options.samples, options.repeats = min(options.samples, 16), min(options.repeats, 2)
    for spec in PRESETS[options.preset]:
        torch.manual_seed(0)
        member = to_device(Member(spec).eval().requires_grad_(False), device)
        rows.append(row(member, options, device))
        timing.tell(rows[-1], None)
        print(*rows[-1]["notes"], sep="\n", flush=True)
    ratios = {
        f"{name}_{r['member']}": r[name]
        for r in rows
        for name in ("times_captum_best", "times_as_is", "share_of_floor", "views")
    }
    for name in ("votes_per_s", "lower_votes_per_s"):
        ratios[f"{name}_all_members"] = 1 / sum(1 / r[name] for r in rows)
    sums = {n: sum(r[n] for r in rows) for n in ("ours_s", "as_is_s", "floor_s")}
    together = {"galaxies_per_s_all_members": 1 / sums["ours_s"], **sums}
    timing.tell({**together, **ratios, "rows": rows}, options.json)


if __name__ == "__main__":
    main()
