"""Marks in the place of values: whether something was taken out, by whom ever."""
