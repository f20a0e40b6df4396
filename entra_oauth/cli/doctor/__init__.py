"""The machine, its network and the registration looked at."""
