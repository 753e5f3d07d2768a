"""`python -m daemon` is the `tintd` command."""

from daemon.cli import main

if __name__ == "__main__":
    main()
