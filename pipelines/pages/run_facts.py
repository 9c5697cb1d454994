"""Show run.json on a page: the main facts first, then everything under dotted names."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Named = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Names and values under one heading."""

    name: str
    facts: Named


_MAIN = (
    ("galaxies", "facts.input.rows"),
    ("shards", "facts.input.shards"),
    ("ensemble", "facts.ensemble.name"),
    ("gradient", "facts.estimator.map.gradient"),
    ("noise samples N", "facts.estimator.map.samples"),
    ("noise fraction", "facts.estimator.map.noise_fraction"),
    ("how maps are measured", "facts.estimator.reading.reading.reading"),
    ("maps are made for", "facts.selection.select"),
    ("seed of the noise", "facts.seed"),
    ("cosmology", "facts.cosmology"),
    ("device", "facts.device"),
)


def main_facts(record: Mapping[str, Any]) -> Named:
    """Return the facts that most readers look for. Facts that the record lacks are left out."""
    out = []
    for name, path in _MAIN:
        value: Any = record
        for key in path.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is not None:
            out.append((name, text(value)))
    sessions = [s for s in record.get("sessions", []) if isinstance(s, Mapping)]
    if sessions:
        out.append(("first started", when(sessions[0].get("started"))))
        out.append(("last ended", when(sessions[-1].get("ended", "not yet"))))
    return tuple(out)


def all_facts(record: Mapping[str, Any]) -> list[Facts]:
    """Return everything in the record, in the groups of the file."""
    plain = {k: v for k, v in record.items() if not isinstance(v, Mapping | list)}
    groups = [Facts(name="", facts=tuple(_flat(plain)))] if plain else []
    for key, value in record.items():
        if key not in plain and value:
            nested = value if isinstance(value, Mapping) else _numbered(value)
            groups.append(Facts(name=key, facts=tuple(_flat(nested))))
    return groups


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list) and any(isinstance(v, Mapping) for v in value):
            yield from _flat(_numbered(value), f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", text(value)


def _numbered(values: list[Any]) -> dict[str, Any]:
    return {str(i): value for i, value in enumerate(values, start=1)}


def when(value: Any) -> str:
    """Format a time of run.json for reading; anything else as `text` does."""
    try:
        return datetime.fromisoformat(value).astimezone(UTC).strftime("%-d %B %Y, %H:%M:%S UTC")
    except (TypeError, ValueError):
        return text(value)


def text(value: Any) -> str:
    """Format a JSON value for reading."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else str(value)
    if isinstance(value, list) and not any(isinstance(v, Mapping | list) for v in value):
        return ", ".join(text(v) for v in value) or "none"
    return value if isinstance(value, str) else json.dumps(value)
