"""What `--help` says of each verb, by its heading. Its options stand in `cli/verbs/`, typed."""
