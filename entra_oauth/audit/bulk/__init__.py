"""Many recordings judged: pure functions of bytes, and a pool of processes that calls them."""
