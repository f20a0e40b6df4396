"""The completion of a shell, written from the declaration of the verbs and nothing else."""
