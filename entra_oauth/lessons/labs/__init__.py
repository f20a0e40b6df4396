"""The labs: twenty-one attacks, each shown to work, then stopped, then repaired by the learner.

A folder for each: `attack`, the `exercise` and a `solution`. `catalogue` lists them, `sandbox`
is the world they play in (loopback only), `learner_file` writes the learner's file, and
`learner_process` has it judged (`judge`) in a process of its own, under a `guard`.
"""
