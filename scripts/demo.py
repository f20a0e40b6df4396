"""The whole sign-in on the practice tenant: no account, no browser, no question asked.

    python3 scripts/demo.py [--browser] [--help]

Sets up `.venv` on the first run; the arguments are those of `entra-oauth demo`.
"""

import environment
import launch


def main(arguments: "list[str]") -> int:
    environment.prepare()
    command = [environment.PYTHON, "-P", "-m", "entra_oauth", "demo", *arguments]
    launch.become(command, launch.child_environment())


if __name__ == "__main__":
    launch.run_script(main)
