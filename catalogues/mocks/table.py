"""Make tables of mock galaxies with images, truth and votes, as a function of (seed, index)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from catalogues import manifest, scales
from catalogues.columns import column
from catalogues.galaxyzoo import COLUMNS
from catalogues.mocks.galaxy import MockGalaxy
from catalogues.mocks.params import MockSkyParams
from catalogues.mocks.population import draw_galaxy
from catalogues.mocks.render import encode_jpeg, render, render_noiseless
from catalogues.mocks.visual import VISUAL_SHARE, visual_length_arcsec
from catalogues.mocks.votes import expected_votes, sampled_votes
from catalogues.truth.columns import (
    TRUE_ANGLE_DEG,
    TRUE_AXIS_RATIO,
    TRUE_LENGTH_ARCSEC,
    TRUE_LENGTH_KPC,
    TRUE_LENGTH_PX,
    VISUAL_LENGTH_ARCSEC,
    VISUAL_LENGTH_KPC,
    VISUAL_LENGTH_PX,
)

__all__ = [
    "TABLE_SCHEMA",
    "MockGalaxy",
    "MockSkyParams",
    "draw_galaxy",
    "encode_jpeg",
    "expected_votes",
    "mock_table",
    "render",
    "render_noiseless",
    "sampled_votes",
]


def _truth_fields() -> list[pa.Field]:
    length = "true full projected bar length from edge to edge (zero light), null without a bar"
    held = f"holds {VISUAL_SHARE:.0%} of the bar's light along its axis"
    visual = f"true full projected visual bar length, which {held}, null without a bar"
    return [
        column(TRUE_LENGTH_PX, pa.float64(), f"{length}, pixels of the stored image", "pixel"),
        column(TRUE_LENGTH_ARCSEC, pa.float64(), length, "arcsec"),
        column(TRUE_LENGTH_KPC, pa.float64(), length, "kpc"),
        column(VISUAL_LENGTH_PX, pa.float64(), f"{visual}, pixels of the stored image", "pixel"),
        column(VISUAL_LENGTH_ARCSEC, pa.float64(), visual, "arcsec"),
        column(VISUAL_LENGTH_KPC, pa.float64(), visual, "kpc"),
        column(TRUE_ANGLE_DEG, pa.float64(), "true position angle of the bar", "deg"),
        column(TRUE_AXIS_RATIO, pa.float64(), "true projected axis ratio of the bar"),
        column("true_class", pa.string(), "class of the mock galaxy"),
        column("true_inclination_deg", pa.float64(), "inclination, null for spheroids", "deg"),
        column("true_psf_fwhm_px", pa.float64(), "FWHM of the seeing in r, stored image", "pixel"),
    ]  # fmt: skip


TABLE_SCHEMA = pa.schema(
    list(manifest.SCHEMA)
    + _truth_fields()
    + [column(f"vote_{name}", pa.float32(), "mock vote fraction") for name in COLUMNS]
)
"""The manifest's columns, the truth and the 37 votes."""


def _truth(galaxy: MockGalaxy) -> dict[str, Any]:
    barred = galaxy.bar is not None
    visual = visual_length_arcsec(galaxy) if barred else None
    kpc = scales.arcsec_to_kpc(visual, galaxy.z, galaxy.cosmology) if visual else None
    return {
        TRUE_LENGTH_PX: galaxy.bar_length_px if barred else None,
        TRUE_LENGTH_ARCSEC: galaxy.bar_length_arcsec if barred else None,
        TRUE_LENGTH_KPC: galaxy.bar_length_kpc if barred else None,
        VISUAL_LENGTH_PX: visual / galaxy.pixel_scale_arcsec if visual else None,
        VISUAL_LENGTH_ARCSEC: visual,
        VISUAL_LENGTH_KPC: float(kpc) if kpc is not None else None,
        TRUE_ANGLE_DEG: galaxy.bar_position_angle_deg if barred else None,
        TRUE_AXIS_RATIO: galaxy.bar_axis_ratio if barred else None,
        "true_class": galaxy.kind,
        "true_inclination_deg": galaxy.inclination_deg if galaxy.disc else None,
        "true_psf_fwhm_px": galaxy.psf_fwhm_arcsec[1] / galaxy.pixel_scale_arcsec,
    }


def _row(seed: int, index: int, params: MockSkyParams) -> dict[str, Any]:
    galaxy = draw_galaxy(seed, index, params)
    votes = (
        sampled_votes(galaxy, params.vote_count) if params.vote_count else expected_votes(galaxy)
    )
    name = f"mock_{seed}_{index}"
    return {
        "object_id": galaxy.object_id,
        "image": {
            "bytes": encode_jpeg(render(galaxy, params), params.jpeg_quality),
            "path": f"{name}.jpg",
        },
        "ra": galaxy.ra,
        "dec": galaxy.dec,
        "pixel_scale_arcsec": galaxy.pixel_scale_arcsec,
        "z": galaxy.z,
        "petro_r90_arcsec": galaxy.petro_r90_arcsec,
        "north_deg": 0.0,
        "survey": "mock",
        "data_release": "1",
        "survey_id": name,
        **_truth(galaxy),
        **{f"vote_{c}": float(v) for c, v in zip(COLUMNS, votes, strict=True)},
    }


def mock_table(seed: int, indices: Iterable[int], params: MockSkyParams | None = None) -> pa.Table:
    """Make rows of TABLE_SCHEMA for the galaxies `indices` of the mock sky `seed`, in that order.

    A row depends on (seed, index, params) alone, so the rows are the same however the indices are
    divided among processes. If `params.vote_count` is 0, votes are the expected ones, without
    scatter.
    """
    params = params or MockSkyParams()
    return pa.Table.from_pylist([_row(seed, int(i), params) for i in indices], schema=TABLE_SCHEMA)
