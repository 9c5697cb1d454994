"""What is to be read, in the user's words."""

from __future__ import annotations
