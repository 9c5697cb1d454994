"""Names of the truth columns, which hold what is known about a galaxy's bar beforehand.

Mock surveys, and bars laid into real galaxies, write these columns. Training, calibration,
validation and reports read them.
"""

from __future__ import annotations

TRUE_LENGTH_PX = "true_bar_length_px"
"""Full length of the bar, from end to end of its light, in pixels of the stored image."""

TRUE_LENGTH_ARCSEC = "true_bar_length_arcsec"
"""The same length in arcseconds."""

TRUE_LENGTH_KPC = "true_bar_length_kpc"
"""The same length in kpc."""

TRUE_ANGLE_DEG = "true_bar_position_angle_deg"
"""Position angle in degrees, counter-clockwise from image up."""

TRUE_AXIS_RATIO = "true_bar_axis_ratio"
"""Axis ratio (minor over major axis) of the bar."""

TRUE_FRACTION = "true_bar_fraction"
"""Share of volunteers who would see a bar, among the volunteers who reach the question."""
