"""`python -m entra_oauth` is the same as `entra-oauth`."""

from entra_oauth.cli import program

if __name__ == "__main__":
    program()
