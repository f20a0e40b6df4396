"""The cover sheet of a recording: when, with what, how complete, and how it is sealed."""
