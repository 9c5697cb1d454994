"""Simulate volunteers' votes: smooth functions of what is visible, with multinomial scatter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from catalogues.galaxyzoo import COLUMNS, INDEX, QUESTIONS, cumulative
from catalogues.mocks.field import nanomaggies
from catalogues.mocks.galaxy import MockGalaxy
from catalogues.mocks.sky import Stream, generator

Votes = NDArray[np.float64]


def _sigmoid(x: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(x, -30, 30))))


def _softmax(scores: list[float]) -> Votes:
    e = np.exp(np.array(scores) - max(scores))
    result: Votes = e / e.sum()
    return result


def disc_signal_to_noise(galaxy: MockGalaxy) -> float:
    """Compute mean r-band brightness inside petroR50 / noise, per resolution element."""
    area = np.pi * galaxy.petro_r50_arcsec**2
    brightness = 0.5 * nanomaggies(galaxy.mag_r) / area
    element = np.pi * (0.6 * galaxy.psf_fwhm_arcsec[1]) ** 2
    noise = galaxy.noise_nmgy[1] * np.sqrt(element / 0.396**2)
    return float(brightness * element / noise)


def _clarity(galaxy: MockGalaxy) -> float:
    """Rate how visible structure of the galaxy's size is, from about -2 (hidden) to 2 (obvious)."""
    resolution = np.log(galaxy.petro_r90_arcsec / galaxy.psf_fwhm_arcsec[1] / 4.0)
    depth = np.log(disc_signal_to_noise(galaxy) / 60.0)
    return float(np.clip(0.9 * resolution + 0.5 * depth, -2.5, 2.0))


def bar_contrast(galaxy: MockGalaxy) -> float:
    """Compute the mean surface brightness of the bar / that of disc and bulge inside its radius.

    The disc counts as a pure exponential: 1 - (1 + s) exp(-s) of its light is inside s = a/h.
    """
    bar, disc = galaxy.bar, galaxy.disc
    if bar is None or disc is None:
        return 0.0
    s = bar.semi_major_arcsec / disc.scale_arcsec
    bulge = galaxy.bulge.light if galaxy.bulge else 0.0
    smooth = 1 - bulge - bar.light - galaxy.nucleus - sum(ring.light for ring in galaxy.rings)
    smooth -= galaxy.spiral.light if galaxy.spiral else 0.0
    inside = max(smooth, 0.02) * (1 - (1 + s) * np.exp(-s)) * (1 - 0.6 * disc.hole)
    return float(bar.light / bar.axis_ratio / (inside + 0.7 * bulge + 0.01))


def bar_distinctness(galaxy: MockGalaxy) -> float:
    """Compute |ellipticity of the bar after seeing - ellipticity of the disc|, at most the bar's.

    The bar's own ellipticity is the limit, because a bar along the minor axis of an inclined disc
    differs from the disc but looks like a round spot.
    """
    seeing, length = galaxy.psf_fwhm_arcsec[1], galaxy.bar_length_arcsec
    q2 = ((length * galaxy.bar_axis_ratio) ** 2 + seeing**2) / (length**2 + seeing**2)
    disc2 = galaxy.disc_axis_ratio**2
    turn = np.exp(2j * np.deg2rad(galaxy.bar_position_angle_deg - galaxy.position_angle_deg))
    bar = (1 - q2) / (1 + q2)
    return float(min(bar, abs(bar * turn - (1 - disc2) / (1 + disc2))))


def bar_visibility(galaxy: MockGalaxy) -> float:
    """Compute the logit of 'bar' from contrast, distinctness, length / seeing, inclination, depth.

    Distinctness is the distance between the ellipticities of bar (after seeing) and disc, as
    (e cos 2 PA, e sin 2 PA) with e = (1 - q^2)/(1 + q^2): a bar along the major axis of an inclined
    disc looks like the disc. The logit is below -2 without a bar.
    """
    clear = _clarity(galaxy)
    if galaxy.bar is None:
        return -3.0 - 0.3 * clear + 0.5 * (1 - galaxy.disc_axis_ratio)
    seeing, length = galaxy.psf_fwhm_arcsec[1], galaxy.bar_length_arcsec
    score = (
        0.1
        + 1.5 * np.log(bar_contrast(galaxy) / 0.7)
        + 1.2 * np.tanh(np.log(length / (2.2 * seeing)))
        + 4.5 * (bar_distinctness(galaxy) - 0.4)
        - 1.5 * max(0.0, 0.45 - galaxy.disc_axis_ratio) / 0.3
        + 0.5 * clear
    )
    return float(np.clip(score, -3.0, 3.6))


def _featured(galaxy: MockGalaxy) -> list[float]:
    """Compute scores of smooth, featured and artifact."""
    clear = _clarity(galaxy)
    if galaxy.kind == "artifact":
        return [-2.0, -2.0, 2.5]
    if galaxy.kind == "smooth":
        return [1.6 + 0.3 * clear, 0.0 - 0.2 * clear, -1.6]
    if galaxy.kind == "edge_on":
        return [-0.4, 1.2 + 0.4 * clear, -2.5]
    arms = galaxy.spiral.light * galaxy.spiral.sharpness**0.3 if galaxy.spiral else 0.0
    features = 5.0 * min(arms, 0.4) + 2.0 * min(0.4, sum(r.light for r in galaxy.rings)) * 2
    features += 1.4 * _sigmoid(bar_visibility(galaxy))
    features += 1.5 if galaxy.kind in ("irregular", "merger") else 0.0
    return [0.8 - 0.5 * clear, -0.7 + features + 0.9 * clear, -2.3]


def _bulge_prominence(galaxy: MockGalaxy) -> Votes:
    light = galaxy.bulge.light if galaxy.bulge else 0.0
    places = np.array([0.0, 0.09, 0.25, 0.55])
    return _softmax(list(-(((np.sqrt(light) - np.sqrt(places)) / 0.16) ** 2) / 2))


def _how_rounded(galaxy: MockGalaxy) -> Votes:
    q = galaxy.disc_axis_ratio
    if galaxy.disc is None and galaxy.bulge is not None:
        q = galaxy.bulge.axis_ratio
    return _softmax(list(-(((q - np.array([0.95, 0.65, 0.32])) / 0.14) ** 2) / 2))


def _odd(galaxy: MockGalaxy) -> tuple[float, Votes]:
    """Compute the probability of odd, and of the seven odd features (ring ... dust lane)."""
    ring = max((r.light for r in galaxy.rings), default=0.0)
    scores = np.array([-0.5 + 22 * ring, -2.5, -0.8, -0.8, 0.3, -0.6, -2.0])
    odd = -2.4 + 22 * ring
    if galaxy.kind == "merger":
        odd, scores[5], scores[2] = 1.9, 3.0, 1.0
    elif galaxy.kind == "irregular":
        odd, scores[3] = 0.8, 2.4
    elif galaxy.kind == "edge_on" and galaxy.edge_dust > 0:
        odd, scores[6] = odd + 1.2 * galaxy.edge_dust, 2.0
    return _sigmoid(odd), _softmax(list(scores))


def _edge_on_yes(galaxy: MockGalaxy) -> float:
    if galaxy.kind == "edge_on":
        return 0.93
    return 0.02 + 0.75 * _sigmoid((0.27 - galaxy.disc_axis_ratio) / 0.035)


def _arms(galaxy: MockGalaxy) -> tuple[float, Votes, Votes]:
    """Compute probabilities of a spiral pattern, of its winding, and of its number of arms.

    Winding: tight, medium, loose. Number: 1, 2, 3, 4, more, can't tell.
    """
    spiral = galaxy.spiral
    if spiral is None:
        return 0.1, _softmax([0.3, 0.3, -0.3]), _softmax([-1.0, 0.5, -1.5, -2.0, -1.5, 1.5])
    clear = _clarity(galaxy)
    score = 2.2 * np.log(spiral.light / 0.1) + clear - 5 * max(0, 0.4 - galaxy.disc_axis_ratio)
    winding = [-(((spiral.pitch_deg - p) / 6.0) ** 2) / 2 for p in (11.0, 18.0, 27.0)]
    count = np.full(6, -2.2)
    count[min(spiral.arms, 5) - 1] += 3.2 + clear - spiral.patchiness
    count[5] += 2.4 - clear + spiral.patchiness
    return _sigmoid(0.6 + float(score)), _softmax(winding), _softmax(list(count))


def _yes(p: float) -> Votes:
    return np.array([p, 1 - p])


def expected_votes(galaxy: MockGalaxy) -> Votes:
    """Compute noiseless cumulative vote fractions, (37,), consistent with the tree."""
    spiral, winding, number = _arms(galaxy)
    odd, feature = _odd(galaxy)
    bulge = galaxy.bulge
    boxy = 1.5 if bulge and bulge.boxy > 2 else -1.2
    conditionals = {
        "smooth_or_featured": _softmax(_featured(galaxy)),
        "disk_edge_on": _yes(_edge_on_yes(galaxy)),
        "bar": _yes(0.01 + 0.98 * _sigmoid(bar_visibility(galaxy))),
        "has_spiral_arms": _yes(0.02 + 0.96 * spiral),
        "bulge_prominence": _bulge_prominence(galaxy),
        "something_odd": _yes(odd),
        "how_rounded": _how_rounded(galaxy),
        "odd_feature": feature,
        "edge_on_bulge": _softmax([1.0 if bulge else -1.5, boxy, -1.0 if bulge else 1.5]),
        "arm_winding": winding,
        "arm_number": number,
    }
    return cumulative(np.concatenate([conditionals[q.name] for q in QUESTIONS]))


def sampled_votes(galaxy: MockGalaxy, voters: int = 40) -> Votes:
    """Draw fractions, (37,), of about `voters` volunteers who answer the tree's questions.

    Every question is asked of the volunteers who reached it. If nobody reached a question, its
    answers are zero, like its parent. So the fractions are consistent with the tree.
    """
    if voters < 1:
        raise ValueError(f"voters {voters} must be at least 1: give a positive number")
    rng = generator(galaxy.seed, galaxy.index, Stream.VOTES)
    expected = expected_votes(galaxy)
    counts = np.zeros(len(COLUMNS))
    everybody = max(1, int(rng.poisson(voters)))
    for question in QUESTIONS:
        reached = everybody if question.parent is None else int(counts[question.parent])
        p = expected[question.columns]
        counts[question.columns] = rng.multinomial(reached, p / p.sum())
    return counts / everybody


def vote(votes: Votes, column: str) -> float:
    """Return one of the 37 fractions by name (catalogues.galaxyzoo.COLUMNS)."""
    return float(votes[INDEX[column]])
