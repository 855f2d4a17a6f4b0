"""The command line ``motiongpt VERB``, one module for each group of verbs.

Nothing is imported before a verb needs it, so that help answers at once and files are converted without PyTorch.
Results go to stdout, everything else to stderr. Exit codes: 0 success, 1 partial failure, which the verb reports, 2 bad
input, with one sentence on stderr, 130 interrupted.
"""

from motiongpt.cli.app import main

__all__ = ["main"]
