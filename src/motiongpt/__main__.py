"""``python -m motiongpt``: the command line."""

from motiongpt.cli import main

if __name__ == "__main__":
    main()
