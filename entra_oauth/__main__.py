"""`python -m entra_oauth` is the same as `entra-oauth`."""

from entra_oauth.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
