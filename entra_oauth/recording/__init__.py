"""What passed on both channels, as data."""

from entra_oauth.channels.exchange import Exchange
from entra_oauth.channels.front_event import FrontEvent, Occurred
from entra_oauth.recording.record import Recorder, Recording

__all__ = ["Exchange", "FrontEvent", "Occurred", "Recorder", "Recording"]
