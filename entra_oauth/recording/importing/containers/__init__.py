"""The forms that files are written in, each taken apart with its limits set beforehand."""
