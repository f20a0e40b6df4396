"""The verbs: what each is for, and which options it takes; a file for each part of the help."""
