"""The page on which a flow is seen: a site of this machine, for one person and one run.

It has no words of its own about OAuth: chapters, stories of messages, meanings of values and
labs are those that the terminal tells. Data goes one way: a scene (`scene.py`) says what there
is to see, the views make HTML of it, and `site.py` answers requests with them.
"""
