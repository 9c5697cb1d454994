"""Parameters of a mock survey: its galaxies, and the mock sky they are drawn from."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields

from catalogues import scales


@dataclass(frozen=True, kw_only=True)
class MockSkyParams:
    """The population that mock galaxies are drawn from, and the camera that observes them.

    Fractions are shares of all galaxies, except `strong_bar_fraction` and `weak_bar_fraction`,
    which are shares of discs with cos i above `edge_on_cos_max`. Galaxies of no other class are
    discs. `noise_nmgy` is the rms noise per native pixel in nanomaggies, for g, r, i, as in SDSS's
    frames.
    """

    image_px: int = 424
    smooth_fraction: float = 0.40
    merger_fraction: float = 0.025
    irregular_fraction: float = 0.02
    artifact_fraction: float = 0.01
    edge_on_cos_max: float = 0.15
    strong_bar_fraction: float = 0.30
    weak_bar_fraction: float = 0.15
    bar_length_over_r90: float = 0.70
    bar_length_scatter: float = 0.36
    r90_arcsec: tuple[float, float] = (3.0, 30.0)
    z: tuple[float, float] = (0.01, 0.15)
    psf_fwhm_arcsec: tuple[float, float] = (0.9, 1.8)
    native_pixel_arcsec: float = 0.396
    noise_nmgy: tuple[float, float, float] = (0.017, 0.024, 0.033)
    source_density_arcmin2: float = 11.0
    trail_fraction: float = 0.01
    vote_count: int = 40
    jpeg_quality: int = 90
    cosmology: str = scales.DEFAULT_COSMOLOGY

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("_fraction") and not 0 <= value <= 1:
                raise ValueError(f"{field.name} {value} must lie in [0, 1]: give a share")
        if self.disc_fraction < 0 or self.strong_bar_fraction + self.weak_bar_fraction > 1:
            raise ValueError(
                f"the class fractions leave {self.disc_fraction:.3f} for discs and "
                f"{1 - self.strong_bar_fraction - self.weak_bar_fraction:.3f} for unbarred discs; "
                "neither may be negative: lower the fractions"
            )
        if self.image_px < 16:
            raise ValueError(f"image_px {self.image_px} must be at least 16: give a larger image")
        for name in ("r90_arcsec", "z", "psf_fwhm_arcsec"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(
                    f"{name} ({low}, {high}) must be positive and ascending: swap them"
                )

    @property
    def disc_fraction(self) -> float:
        """Share of disc galaxies, edge-on ones included."""
        return (
            1.0
            - self.smooth_fraction
            - self.merger_fraction
            - self.irregular_fraction
            - self.artifact_fraction
        )


_SKY = MockSkyParams()


@dataclass(frozen=True, kw_only=True)
class MockSurvey:
    """Galaxies 0 to `galaxies` - 1 of the mock sky `seed`, in shards of `rows_per_shard` rows."""

    galaxies: int
    seed: int
    rows_per_shard: int = 100
    sky: MockSkyParams = _SKY

    def __post_init__(self) -> None:
        for name in ("galaxies", "rows_per_shard"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 1")
        if self.seed < 0:
            raise ValueError(f"seed={self.seed} must not be negative")

    def blocks(self, rows: int) -> list[range]:
        """Return the galaxies' indices in order, as ranges of at most `rows`."""
        return [
            range(i, min(i + rows, self.galaxies)) for i in range(0, self.galaxies, max(rows, 1))
        ]

    def to_json(self) -> bytes:
        """Return the bytes of the survey's record."""
        return json.dumps(asdict(self), indent=1).encode()
