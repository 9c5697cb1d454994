"""SmoothGrad: the gradient of a class's score by the pixels, averaged over noise.

Paper 1, section 3 (Smilkov et al. 2017): for N samples of the image plus Gaussian noise of
sigma = noise_fraction x (max - min of the image over rows, columns and channels), not clipped, take
|d score / d pixel|, average over samples, take the largest over channels. Equation 2 omits the
absolute value; the published code takes it. `paper()` is exactly that.

The default is the signed mean: noise cancels, what is left is where more light would have made the
bar more certain; its positive part, summed over channels, is the map (science: signed gradients
find real bars, absolute ones do not). Each sample may also look through its own rotation,
reflection and width; the gradient is carried back to the canvas's frame.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import SupportsIndex

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.networks.borrowed import borrowed
from models.networks.member import Member
from models.saliency.any_network import AnyNetwork, Scorer
from models.saliency.noise import draw_noise
from models.saliency.params import SmoothGradParams
from models.saliency.seeds import sample_seed
from models.views import resample, sequence


def _phase(seed: int) -> tuple[float, float]:
    """Two numbers in [0, 1) that belong to the galaxy."""
    return sample_seed(seed, -2) / 2.0**63, sample_seed(seed, -3) / 2.0**63


def _views(params: SmoothGradParams, seed: int, first: int, count: int) -> Tensor:
    """How samples `first` .. `first` + `count` - 1 look at the canvas: (count, 2, 3)."""
    if not params.antithetic:
        return sequence(params.view, first, count, _phase(seed))
    begin, many, which = _pairs(first, count)
    return sequence(params.view, begin, many, _phase(seed))[which]


def _noise(
    params: SmoothGradParams, shape: Sequence[int], seed: int, first: int, count: int,
    device: torch.device,
) -> Tensor:  # fmt: skip
    """Their standard normal noise: (count, *shape)."""
    if not params.antithetic:
        return draw_noise(shape, seed, first, count, device)
    begin, many, which = _pairs(first, count)
    noise = draw_noise(shape, seed, begin, many, device)[which]
    noise[1 - first % 2 :: 2] *= -1
    return noise


def _pairs(first: int, count: int) -> tuple[int, int, list[int]]:
    """The first of their pairs, how many pairs there are, and which of these each belongs to."""
    begin = first // 2
    which = [sample // 2 - begin for sample in range(first, first + count)]
    return begin, which[-1] + 1, which


def _chunk_gradients(
    member: Scorer, image: Tensor, columns: Sequence[int], params: SmoothGradParams, seed: int,
    first: int, cuts: Sequence[int], noise: Tensor | None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Sums of (absolute) gradients over one chunk's samples, (classes, 3, S, S), and over each of
    the parts whose sizes are `cuts`, (parts, classes, 3, S, S)."""
    if len(columns) > 1 and not member.answers_share_a_pass:
        each = [
            _chunk_gradients(member, image, [column], params, seed, first, cuts, noise)
            for column in columns
        ]
        return torch.cat([total for total, _ in each]), torch.cat([part for _, part in each], dim=1)
    side, count = member.spec.input_px, sum(cuts)
    leaf = image.expand(count, -1, -1, -1).contiguous().requires_grad_(True)
    if params.view.identity:
        seen: Tensor = leaf
    else:
        seen = resample(leaf, _views(params, seed, first, count).to(image.device), side)
    if noise is None:
        noise = _noise(params, seen.shape[1:], seed, first, count, image.device)
    sigma = params.noise_fraction * (image.max() - image.min())
    noisy = (seen + sigma * noise).to(image.dtype).contiguous(memory_format=torch.channels_last)
    logits = member(noisy)
    sums, parts = [], []
    for i, column in enumerate(columns):
        scores = member.score_of(logits, column).sum()
        (gradient,) = torch.autograd.grad(scores, leaf, retain_graph=i + 1 < len(columns))
        gradient = gradient.abs() if params.gradient == "absolute" else gradient
        sums.append(gradient.sum(dim=0))
        split = gradient.split_with_sizes(list(cuts)) if len(cuts) > 1 else ()
        parts.append(torch.stack([part.sum(dim=0) for part in split] or [sums[-1]]))
    return torch.stack(sums), torch.stack(parts, dim=1)


def gradient_sums(
    member: Scorer, image: Tensor, columns: Sequence[int], params: SmoothGradParams, seed: int,
    sizes: Sequence[int], noise: Tensor | None = None, begin: int = 0,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Sums over the samples from `begin` on of one galaxy, (classes, 3, S, S), and over groups of
    `sizes` samples, in order, (groups, classes, 3, S, S). The first does not depend on the groups.

    Where the device's memory is too small for a chunk, this and the member's later ones are halved.
    """
    total = image.new_zeros((len(columns), *image.shape))
    groups = image.new_zeros((len(sizes), *total.shape))
    number = [group for group, size in enumerate(sizes) for _ in range(size)]
    first = 0
    while first < len(number):
        mine = number[first : first + (member.samples_at_once or params.chunk)]
        here = sorted(set(mine))
        given = None if noise is None else noise[first : first + len(mine)]
        try:
            added, parts = _chunk_gradients(
                member,
                image,
                columns,
                params,
                seed,
                begin + first,
                [mine.count(g) for g in here],
                given,
            )
        except torch.OutOfMemoryError:
            if len(mine) == 1:
                raise
            member.samples_at_once = len(mine) // 2
            continue
        total += added
        groups[here[0] : here[-1] + 1] += parts
        first += len(mine)
    return total, groups


def mean_gradients(
    member: Scorer, image: Tensor, columns: Sequence[int], params: SmoothGradParams, seed: int,
    noise: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Mean (absolute) gradient over all samples of one galaxy: (classes, 3, S, S).

    image: (3, S, S), normalised. `noise`, (N, 3, input_px, input_px) standard normal, replaces the
    seeded noise (to compare implementations on the same samples).
    """
    total, _ = gradient_sums(member, image, columns, params, seed, [params.samples], noise)
    return total / params.samples


def smoothgrad(
    model: nn.Module,
    images: Tensor,
    class_index: SupportsIndex | Sequence[int],
    params: SmoothGradParams,
    seeds: Sequence[int],
    noise: Tensor | None = None,
) -> Tensor:
    """SmoothGrad maps in [0, 1] of one or several classes (paper 1, section 3).

    Parameters
    ----------
    model
        Any network that maps (B, C, H, W) images to (B, K) scores; give it without its last
        sigmoid or softmax. It is run in eval mode and left as it was found. Of a `Member` the
        score is the logit of the answer.
    images
        (B, C, H, W), on the model's device. Views (`params.view`) need H = W.
    class_index
        One class, or several, from 0 to K - 1; of a `Member` vote fractions 0 to 36.
    params
        How the map is made; `SmoothGradParams.paper()` is paper 1's.
    seeds
        One for each image, for instance `galaxy_seed(run_seed, object_id)`.
    noise
        (B, N, C, H, W) standard normal numbers in place of the seeded ones, for comparisons.

    Returns
    -------
    Tensor
        (B, H, W) for one class, (B, classes, H, W) for several, in the images' precision and on
        their device. A map that is constant or not finite is NaN: it says nothing.

    Raises
    ------
    ValueError
        For a class that the model lacks, images that are not (B, C, H, W), outputs that are not
        (B, K), views of images that are not square, or another number of seeds than images.

    Notes
    -----
    Nothing of the model is changed: modes, `requires_grad` and `.grad` of its parameters and its
    batch statistics are as before, and no global random generator is used. Where the device's
    memory is too small, fewer samples are computed at once.

    Sources: Smilkov et al. 2017, arXiv:1706.03825; the absolute gradient: Bhambra, Joachimi & Lahav
    2022, MNRAS 511, 5032, section 3.

    Examples
    --------
    >>> import torch
    >>> from models.saliency import SmoothGradParams, smoothgrad
    >>> network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 8 * 8, 4))
    >>> params = SmoothGradParams(samples=4, smoothing_px=0)
    >>> smoothgrad(network, torch.rand(2, 3, 8, 8), 1, params, seeds=[7, 8]).shape
    torch.Size([2, 8, 8])
    """
    several = isinstance(class_index, Sequence)
    columns = _columns(class_index)
    if images.ndim != 4:
        raise ValueError(
            f"images of shape {tuple(images.shape)} must be (B, C, H, W): give one as images[None]"
        )
    if len(seeds) != len(images):
        raise ValueError(f"{len(seeds)} seeds for {len(images)} images; one each is needed")
    with borrowed(model):
        if isinstance(model, Member):
            if not columns or not all(0 <= c < 37 for c in columns):
                raise ValueError(f"class_index={class_index} must name vote fractions 0-36")
            out = _maps(model, images, columns, params, seeds, noise)
        else:
            network = AnyNetwork(model, images.shape[-1])
            _check_classes(network, images, columns, params)
            out = _maps(network, images, columns, params, seeds, noise)
    return out if several else out[:, 0]


def _columns(class_index: SupportsIndex | Sequence[int]) -> list[int]:
    if isinstance(class_index, Sequence):
        return list(class_index)
    return [operator.index(class_index)]


def _maps(
    network: Scorer,
    images: Tensor,
    columns: Sequence[int],
    params: SmoothGradParams,
    seeds: Sequence[int],
    noise: Tensor | None,
) -> Tensor:
    """(B, classes, H, W)."""
    maps = []
    for row, (image, seed) in enumerate(zip(images, seeds, strict=True)):
        given = None if noise is None else noise[row]
        maps.append(
            finish(mean_gradients(network, image, columns, params, seed, given), image, params)
        )
    return torch.stack(maps) if maps else images.new_zeros((0, len(columns), *images.shape[-2:]))


def _check_classes(
    network: AnyNetwork, images: Tensor, columns: Sequence[int], params: SmoothGradParams
) -> None:
    if not params.view.identity and images.shape[-2] != images.shape[-1]:
        raise ValueError(
            f"views need square images, not {tuple(images.shape)}: cut them, or choose no view"
        )
    if not columns or min(columns) < 0:
        raise ValueError(f"classes {list(columns)}: give one at least, counted from 0")
    if not len(images):
        return
    with torch.no_grad():
        classes = network(images[:1]).shape[1]
    if max(columns) >= classes:
        raise ValueError(
            f"the network has {classes} classes, 0 to {classes - 1}: there is no class "
            f"{max(columns)}"
        )


def finish(mean: Tensor, image: Tensor, params: SmoothGradParams) -> Tensor:
    """From mean gradients (classes, 3, S, S) to maps in [0, 1], (classes, S, S)."""
    mean = mean if params.gradient == "absolute" else mean.clamp(min=0)
    flat = mean.amax(dim=1) if params.channels == "max" else mean.sum(dim=1)
    if params.smoothing_px > 0:
        flat = gaussian_smoothed(flat, params.smoothing_px)
    scaled = min_max(flat)
    if params.multiply_by_input:
        scaled = scaled * image.mean(dim=0)
    return scaled


def min_max(maps: Tensor) -> Tensor:
    """Scale each (..., H, W) map to [0, 1]; NaN where it is constant or not finite."""
    low = maps.amin(dim=(-2, -1), keepdim=True)
    span = maps.amax(dim=(-2, -1), keepdim=True) - low
    return torch.where(span > 0, (maps - low) / span, torch.nan)


def gaussian_smoothed(maps: Tensor, sigma: float) -> Tensor:
    """Gaussian filter of (N, H, W) maps, zero beyond the edge; `sigma` in pixels."""
    reach = max(1, round(4 * sigma))
    x = torch.arange(-reach, reach + 1, dtype=maps.dtype, device=maps.device)
    kernel = torch.exp(-0.5 * (x / sigma) ** 2)
    kernel = kernel / kernel.sum()
    out = functional.conv2d(maps.unsqueeze(1), kernel.view(1, 1, 1, -1), padding=(0, reach))
    out = functional.conv2d(out, kernel.view(1, 1, -1, 1), padding=(reach, 0))
    return out.squeeze(1)
