"""A monotonic clock that goes on when a test tells it to, and not before."""

from __future__ import annotations

from kit.back_channels import eventually


class StandingClock:
    """Reads `at` seconds, however long the machine takes."""

    def __init__(self) -> None:
        self.at = 1000.0
        self._readings = 0

    def __call__(self) -> float:
        self._readings += 1
        return self.at

    def pass_by(self, seconds: float) -> None:
        """Let time pass for who waits by this clock, and wait until that was acted on."""
        self._is_read_twice()
        self.at += seconds
        self._is_read_twice()

    def _is_read_twice(self) -> None:
        # Between the two, all that is done at one time has been done.
        before = self._readings
        assert eventually(lambda: self._readings >= before + 2)
