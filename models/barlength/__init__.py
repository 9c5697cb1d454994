"""Bar length, position angle and error, read from a saliency map. No torch in this folder."""

from models.barlength.measure import measure_bar, measure_grid
from models.barlength.params import BarLengthParams, BarMeasurement, StopReason

__all__ = ["BarLengthParams", "BarMeasurement", "StopReason", "measure_bar", "measure_grid"]
