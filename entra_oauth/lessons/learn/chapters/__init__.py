"""The ten chapters: pages, tasks and their checks."""
