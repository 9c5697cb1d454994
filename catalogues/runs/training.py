"""Files of a training, so that it can be resumed: its options, and each member's state or result.

`options.json` holds the options that the training began with. A member's state is written whole
after every epoch. A finished member is not trained again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from catalogues import storage

Curve = list[dict[str, Any]]


class TrainingRun:
    """The folder `members` and the stored options in a training's output, local or s3://."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._fs, self._root = storage.filesystem(url)

    def begin(self, options: Mapping[str, Any]) -> bool:
        """Store the options that the result depends on, or compare them with the stored ones.

        Returns whether options were stored before. Raises ValueError for a changed option.
        """
        asked = json.loads(json.dumps(options))
        before = self._json("options.json")
        if before is None:
            self._write("options.json", json.dumps(asked, indent=1).encode())
            return False
        was, now = _flat(before), _flat(asked)
        for name in sorted({*was, *now}):
            if was.get(name) != now.get(name):
                raise ValueError(
                    f"{storage.redact(self.url)!r} holds a training with {name}={was.get(name)!r}, "
                    f"not {now.get(name)!r}: it can only go on with the options it began with; "
                    "give these options, or another output"
                )
        return True

    def state(self, label: str) -> bytes | None:
        """Read the member's state after its last complete epoch; None if there is none."""
        return self._read(f"members/{label}/state.pt")

    def keep(self, label: str, state: bytes) -> None:
        """Write the member's state."""
        self._write(f"members/{label}/state.pt", state)

    def finish(self, label: str, weights: bytes, curve: Curve) -> None:
        """Store the result of a member that has finished its recipe, and remove its state."""
        self._write(f"members/{label}/weights.safetensors", weights)
        self._end(label, "finished", curve)

    def stop(self, label: str, curve: Curve) -> None:
        """Store that a search has stopped the member, and remove its state."""
        self._end(label, "stopped", curve)

    def _end(self, label: str, how: str, curve: Curve) -> None:
        self._write(f"members/{label}/end.json", json.dumps({"how": how, "curve": curve}).encode())
        state = storage.join(self._root, f"members/{label}/state.pt")
        if storage.exists(self._fs, state):
            self._fs.rm_file(state)

    def end(self, label: str) -> tuple[str, Curve] | None:
        """Return ("finished" or "stopped", learning curve); None if the member is not done."""
        found = self._json(f"members/{label}/end.json")
        return None if found is None else (found["how"], found["curve"])

    def weights(self, label: str) -> bytes:
        """Read the best weights of a finished member, safetensors."""
        return storage.read_whole(
            self._fs, storage.join(self._root, f"members/{label}/weights.safetensors")
        )

    def _read(self, name: str) -> bytes | None:
        path = storage.join(self._root, name)
        return storage.read_whole(self._fs, path) if storage.exists(self._fs, path) else None

    def _json(self, name: str) -> dict[str, Any] | None:
        data = self._read(name)
        if data is None:
            return None
        value: dict[str, Any] = json.loads(data)
        return value

    def _write(self, name: str, data: bytes) -> None:
        storage.write_whole(self._fs, storage.join(self._root, name), data)


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            out |= _flat(value, f"{before}{name}.")
        else:
            out[before + name] = value
    return out
