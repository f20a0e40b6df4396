"""The threaded HTTP host on loopback that the listener's elders share: practice, serve."""
