"""Helix's rate limit: a bucket of points per token that refills steadily."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Bucket:
    """``limit`` points that refill over ``window_s`` seconds of real time, whatever the chat's clock says."""

    limit: int
    window_s: float
    _points: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._points = self.limit
        self._at = time.monotonic()

    def take(self) -> bool:
        """Spend a point; False when there is none."""
        now = time.monotonic()
        self._points = min(self.limit, self._points + (now - self._at) * self.limit / self.window_s)
        self._at = now
        if self._points < 1:
            return False
        self._points -= 1
        return True

    def headers(self) -> dict[str, str]:
        """Twitch's three headers; the reset is the wall-clock second at which the bucket is full again."""
        full_in_s = (self.limit - self._points) * self.window_s / self.limit
        reset = math.ceil(time.time() + full_in_s)
        return {
            "Ratelimit-Limit": str(self.limit),
            "Ratelimit-Remaining": str(int(self._points)),
            "Ratelimit-Reset": str(reset),
        }

    @staticmethod
    def empty(reset_in_s: float) -> dict[str, str]:
        """The headers of a bucket that is empty and full again in ``reset_in_s`` seconds."""
        reset = math.ceil(time.time() + reset_in_s)
        return {"Ratelimit-Limit": "800", "Ratelimit-Remaining": "0", "Ratelimit-Reset": str(reset)}
