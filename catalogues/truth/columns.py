"""Names of the columns that hold truths: what is known of a galaxy's bar before it is measured.

Mock surveys and bars laid into real galaxies write them; training, calibration, validation and
reports read them.
"""

from __future__ import annotations

TRUE_LENGTH_PX = "true_bar_length_px"
"""Full length of the bar, from end to end of its light, pixels of the stored image."""

TRUE_LENGTH_ARCSEC = "true_bar_length_arcsec"
"""The same in arcseconds."""

TRUE_LENGTH_KPC = "true_bar_length_kpc"
"""The same in kpc."""

TRUE_ANGLE_DEG = "true_bar_position_angle_deg"
"""Position angle in degrees, counter-clockwise from image up."""

TRUE_AXIS_RATIO = "true_bar_axis_ratio"
"""Minor over major axis of the bar."""

TRUE_FRACTION = "true_bar_fraction"
"""Share of volunteers who would see a bar, among those who reach the question."""
