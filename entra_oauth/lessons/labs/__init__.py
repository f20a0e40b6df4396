"""The labs: eighteen attacks, each shown to work, then stopped, then repaired by the learner.

A folder for each: `attack`, the `exercise` and a `solution`. `catalogue` lists them, `sandbox`
is the world they play in (loopback only), `learner_file` writes the learner's file and has it
checked in a process of its own.
"""
