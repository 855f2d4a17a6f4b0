"""The command line: ``motiongpt VERB``, one module a group of verbs.

Nothing here imports the model before a verb needs it, so that help and file conversion answer at once. Results go to
stdout, everything else to stderr. Exit codes: 0 done, 1 done in part (the verb says what is missing), 2 bad input, with
one sentence on stderr, 130 interrupted.
"""

from motiongpt.cli.app import main

__all__ = ["main"]
