"""One run of a verb: console, signals, recording, explaining, secrets read."""
