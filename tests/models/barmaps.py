"""Noiseless saliency maps of bars whose half-height length is known in closed form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

BarMap = Callable[[int, float, float, float], np.ndarray]


def axes(side_px: int, angle_deg: float) -> tuple[np.ndarray, np.ndarray]:
    """Distances along and across a line through the middle at a position angle, (H, W) each."""
    y, x = np.mgrid[:side_px, :side_px] - (side_px - 1) / 2
    sin, cos = np.sin(np.radians(angle_deg)), np.cos(np.radians(angle_deg))
    return -x * sin - y * cos, x * cos - y * sin


def flat_ellipse(side_px: int, length_px: float, ratio: float, angle_deg: float) -> np.ndarray:
    """1 inside an ellipse, 0 outside, antialiased: it falls to one half at its major axis's end."""
    s, t = axes(side_px, angle_deg)
    a, b = length_px / 2, ratio * length_px / 2
    e = np.maximum(np.hypot(s / a, t / b), 1e-9)
    gradient = np.hypot(s / a**2, t / b**2) / e
    return np.clip(0.5 - (e - 1) / np.maximum(gradient, 1e-9), 0, 1)


def gaussian_ridge(side_px: int, length_px: float, ratio: float, angle_deg: float) -> np.ndarray:
    """A two-dimensional Gaussian whose full width at half maximum along its axis is the length."""
    s, t = axes(side_px, angle_deg)
    return np.exp(-4 * np.log(2) * (s**2 + (t / ratio) ** 2) / length_px**2)


def two_lobes(side_px: int, length_px: float, ratio: float, angle_deg: float) -> np.ndarray:
    """Round Gaussian ansae of full width w = ratio x length, centred w / 2 inside the ends.

    The outer half-height of a lobe at distance d lies at d + w / 2: the length is 2 d + w.
    """
    s, t = axes(side_px, angle_deg)
    w = ratio * length_px
    d = (length_px - w) / 2
    return sum(np.exp(-4 * np.log(2) * ((s - at) ** 2 + t**2) / w**2) for at in (-d, d))


SHAPES: list[BarMap] = [flat_ellipse, gaussian_ridge, two_lobes]


def angle_difference(a_deg: float, b_deg: float) -> float:
    """Smallest difference of two position angles, degrees, 0 to 90."""
    return abs((a_deg - b_deg + 90) % 180 - 90)
