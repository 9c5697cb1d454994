"""Views: the identity, quarter turns, mirrors and widths in closed form; views keyed by galaxy."""

from __future__ import annotations

import pytest
import torch

from models.view_params import ViewParams
from models.views import affine, resample, sequence

SIDE = 24
ONE = torch.ones(1)


@pytest.fixture
def image() -> torch.Tensor:
    """One random image, (1, 3, 24, 24)."""
    return torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(3))


def turned(degrees: float, width: float = 1.0, mirror: float = 1.0) -> torch.Tensor:
    return affine(torch.deg2rad(torch.tensor([degrees])), width * ONE, mirror * ONE)


def test_the_identity_returns_the_image(image: torch.Tensor) -> None:
    torch.testing.assert_close(resample(image, turned(0), SIDE), image, atol=1e-5, rtol=0)


@pytest.mark.parametrize("quarter", [1, 2, 3])
def test_quarter_turns_are_exact(image: torch.Tensor, quarter: int) -> None:
    seen = resample(image, turned(90.0 * quarter), SIDE)
    expected = torch.rot90(image, quarter, dims=(2, 3))
    other = torch.rot90(image, -quarter, dims=(2, 3))
    error = min(float((seen - e).abs().max()) for e in (expected, other))
    assert error < 1e-4


def test_a_mirror_is_a_flip(image: torch.Tensor) -> None:
    seen = resample(image, turned(0, mirror=-1), SIDE)
    torch.testing.assert_close(seen, image.flip(3), atol=1e-5, rtol=0)


def test_half_width_shows_the_middle_twice_as_large() -> None:
    ramp = torch.linspace(0, 1, SIDE).expand(1, 1, SIDE, SIDE).contiguous()
    seen = resample(ramp, turned(0, width=0.5), SIDE)[0, 0, SIDE // 2]
    step = 1 / (SIDE - 1)
    torch.testing.assert_close(seen.diff(), torch.full((SIDE - 1,), step / 2), atol=1e-5, rtol=0)


def test_beyond_the_canvas_is_sky() -> None:
    seen = resample(torch.ones(1, 1, SIDE, SIDE), turned(0, width=2.0), SIDE)[0, 0]
    assert float(seen[0].abs().max()) == 0
    assert float(seen[SIDE // 2, SIDE // 2]) == 1


def test_view_number_i_does_not_depend_on_how_many_are_drawn() -> None:
    params = ViewParams(width=0.7, width_range=(0.5, 1.0), rotate=True, reflect=True)
    many = sequence(params, 0, 64, (0.3, 0.8))
    torch.testing.assert_close(sequence(params, 40, 5, (0.3, 0.8)), many[40:45])
    assert not torch.allclose(sequence(params, 0, 64, (0.31, 0.8)), many)


def test_views_cover_angles_and_widths_evenly() -> None:
    params = ViewParams(width_range=(0.5, 1.0), rotate=True)
    matrices = sequence(params, 0, 256, (0.1, 0.2))
    angles = torch.atan2(matrices[:, 1, 0], matrices[:, 0, 0])
    counts = torch.histc(angles, bins=8, min=-torch.pi, max=torch.pi)
    assert counts.min() >= 30
    widths = torch.hypot(matrices[:, 0, 0], matrices[:, 1, 0])
    assert float(widths.min()) >= 0.5
    assert float(widths.max()) <= 1.0
    assert float(widths.log().mean()) == pytest.approx(
        0.5 * torch.tensor(0.5).log().item(), abs=0.01
    )


@pytest.mark.parametrize("changes", [{"width": 0.0}, {"width_range": (1.0, 0.5)}])
def test_widths_that_mean_nothing_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="width"):
        ViewParams(**changes)  # type: ignore[arg-type]
