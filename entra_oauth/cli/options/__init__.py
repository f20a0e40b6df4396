"""Options that several verbs share, in groups: each is declared once, with all that is to say."""
