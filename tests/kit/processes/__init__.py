"""Programs of the tests' own, in processes that end with the test."""
