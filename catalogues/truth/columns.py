"""Names of the truth columns, which hold what is known about a galaxy's bar beforehand.

Mock surveys, and bars laid into real galaxies, write these columns. Training, calibration,
validation and reports read them.
"""

from __future__ import annotations

from collections.abc import Collection

TRUE_LENGTH_PX = "true_bar_length_px"
"""Full length of the bar from edge to edge, where its light is zero, in pixels of the stored
image."""

TRUE_LENGTH_ARCSEC = "true_bar_length_arcsec"
"""The same length in arcseconds."""

TRUE_LENGTH_KPC = "true_bar_length_kpc"
"""The same length in kpc."""

VISUAL_LENGTH_PX = "true_bar_visual_length_px"
"""Full visual length of the bar, in pixels of the stored image: what people measure
(catalogues.mocks.visual)."""

VISUAL_LENGTH_ARCSEC = "true_bar_visual_length_arcsec"
"""The same length in arcseconds."""

VISUAL_LENGTH_KPC = "true_bar_visual_length_kpc"
"""The same length in kpc."""

TRUE_ANGLE_DEG = "true_bar_position_angle_deg"
"""Position angle in degrees, counter-clockwise from image up."""

TRUE_AXIS_RATIO = "true_bar_axis_ratio"
"""Axis ratio (minor over major axis) of the bar."""

TRUE_FRACTION = "true_bar_fraction"
"""Share of volunteers who would see a bar, among the volunteers who reach the question."""


def length_among(names: Collection[str]) -> str:
    """Return the column with the true lengths in pixels that judge a catalogue.

    It is the visual length; the edge-to-edge length for tables that lack it, such as mock surveys
    made before December 2026.
    """
    return VISUAL_LENGTH_PX if VISUAL_LENGTH_PX in names else TRUE_LENGTH_PX
