"""The labs: eighteen attacks, each shown to work, then stopped, then repaired by the learner.

One file for each. `catalogue` lists them, `stage` is the world they play in (loopback
only), `exercise` writes the learner's file and has it checked in a process of its own.
"""
