"""The command line read: verbs, options, environment, help, dispatch."""
