"""Lab 10: tokens in log files and on command lines."""
