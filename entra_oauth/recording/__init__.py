"""What passed on both channels, as data."""

from entra_oauth.recording.record import Exchange, Recorder, Recording

__all__ = ["Exchange", "Recorder", "Recording"]
