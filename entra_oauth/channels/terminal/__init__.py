"""One line from a terminal, unseen: POSIX and Windows."""
