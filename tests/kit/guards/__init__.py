"""Guards around every test: nothing leaves this machine, and nothing is left behind."""
