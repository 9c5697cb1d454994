"""Saliency methods by name, and the parameters of each. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from models.view_params import ViewParams

Cam = Literal["grad_cam", "grad_cam_plus_plus", "score_cam"]


CAMS: tuple[Cam, ...] = ("grad_cam", "grad_cam_plus_plus", "score_cam")


Baseline = Literal["zero", "mean", "blurred"]


BASELINES: tuple[Baseline, ...] = ("zero", "mean", "blurred")


PAPER_METHODS: tuple[str, ...] = (
    "vanilla_gradient",
    "smoothgrad",
    "integrated_gradients",
    "smooth_integrated_gradients",
    "guided_integrated_gradients",
    "blur_integrated_gradients",
    "xrai",
    "grad_cam",
    "grad_cam_plus_plus",
    "score_cam",
)
"""The ten of paper 2 (Chuma et al. 2025); seven of the names are inferred."""


SIGNED = "signed_smoothgrad"
"""The map of `measure`."""

METHODS: tuple[str, ...] = (*PAPER_METHODS, SIGNED)
"""All methods that `attribute` knows."""


CITATIONS: Mapping[str, str] = {
    "vanilla_gradient": "Simonyan, Vedaldi & Zisserman 2014, arXiv:1312.6034",
    "smoothgrad": "Smilkov et al. 2017, arXiv:1706.03825; absolute: Bhambra et al. 2022, MNRAS 511, 5032",  # noqa: E501
    "integrated_gradients": "Sundararajan, Taly & Yan 2017, arXiv:1703.01365",
    "smooth_integrated_gradients": "Smilkov et al. 2017, arXiv:1706.03825, on arXiv:1703.01365",
    "guided_integrated_gradients": "Kapishnikov et al. 2021, arXiv:2106.09788",
    "blur_integrated_gradients": "Xu, Venugopalan & Sundararajan 2020, arXiv:2004.03383",
    "xrai": "Kapishnikov et al. 2019, arXiv:1906.02825",
    "grad_cam": "Selvaraju et al. 2017, arXiv:1610.02391",
    "grad_cam_plus_plus": "Chattopadhyay et al. 2018, arXiv:1710.11063",
    "score_cam": "Wang et al. 2020, arXiv:1910.01279",
    SIGNED: "Smilkov et al. 2017, arXiv:1706.03825, with the gradient's sign; views: this package",
}


_USES: Mapping[str, tuple[str, ...]] = {
    "vanilla_gradient": (),
    "smoothgrad": ("samples", "noise_fraction"),
    "integrated_gradients": ("steps", "baseline"),
    "smooth_integrated_gradients": ("steps", "baseline", "samples", "noise_fraction"),
    "guided_integrated_gradients": ("steps", "baseline", "guided_fraction", "guided_distance"),
    "blur_integrated_gradients": ("steps", "blur_fraction"),
    "xrai": ("steps",),
    "grad_cam": ("layer",),
    "grad_cam_plus_plus": ("layer",),
    "score_cam": ("layer",),
    SIGNED: ("samples", "noise_fraction", "smoothing_px", "view"),
}


NEEDS_CONTRAST = frozenset(_USES) - {"vanilla_gradient", "grad_cam", "grad_cam_plus_plus"}
"""Methods whose noise, path, regions or masked copies come from the image's own range of values."""


@dataclass(frozen=True, kw_only=True)
class AttributionParams:
    """One method and how it is run; what the method does not use is ignored.

    samples: noisy copies. steps: of a path, or quadrature points. noise_fraction: sigma of the
    noise over the image's range. layer: name of the module whose output is the feature map; None:
    the last. baseline: where integrated gradients begin ("blurred": blur_fraction).
    guided_fraction, guided_distance: share of pixels that move first, and how far from the
    straight path. blur_fraction: the widest Gaussian over the image's shorter side. smoothing_px
    and view: of the signed map (models.saliency). chunk: images computed at once; it bounds the
    memory and changes no result beyond rounding.
    """

    method: str
    samples: int = 64
    steps: int = 50
    noise_fraction: float = 0.1
    layer: str | None = None
    baseline: Baseline = "zero"
    guided_fraction: float = 0.25
    guided_distance: float = 0.02
    blur_fraction: float = 0.25
    smoothing_px: float = 1.0
    view: ViewParams = field(default_factory=lambda: ViewParams(rotate=True, reflect=True))
    chunk: int = 16

    def __post_init__(self) -> None:
        if self.method not in _USES:
            raise ValueError(f"method={self.method!r} must be one of {', '.join(_USES)}")
        if self.samples < 1 or self.chunk < 1:
            raise ValueError(f"samples={self.samples} and chunk={self.chunk} must be at least 1")
        if self.steps < 2:
            raise ValueError(f"steps={self.steps} must be at least 2")
        if not 0 <= self.noise_fraction <= 2:
            raise ValueError(f"noise_fraction={self.noise_fraction} must lie in 0..2")
        if self.baseline not in BASELINES:
            raise ValueError(f"baseline={self.baseline!r} must be one of {', '.join(BASELINES)}")
        for name in ("guided_fraction", "guided_distance", "blur_fraction"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name}={getattr(self, name)} must lie above 0, up to 1")
        if not 0 <= self.smoothing_px <= 20:
            raise ValueError(f"smoothing_px={self.smoothing_px} must lie in 0..20")
        if self.layer is not None and self.method not in CAMS:
            raise ValueError(
                f"layer={self.layer!r} is for {', '.join(CAMS)}: leave it out for {self.method}"
            )

    def to_dict(self) -> dict[str, Any]:
        """The method and those parameters that it uses, of JSON's types."""
        values = asdict(self)
        names = _USES[self.method]
        if values["baseline"] == "blurred" and "baseline" in names:
            names += ("blur_fraction",)
        return {"method": self.method, **{name: values[name] for name in names}}

    @classmethod
    def usual(cls, method: str) -> AttributionParams:
        """The parameters that `compare` takes unless told otherwise: about 50 to 130 gradients for
        every method that takes many (Smilkov et al. 2017 saw little gain beyond 50)."""
        if method == "smooth_integrated_gradients":
            return cls(method=method, samples=8, steps=16)
        return cls(method=method)


NOISE, ORACLE = "noise", "oracle"


CONTROLS = (NOISE, ORACLE)
