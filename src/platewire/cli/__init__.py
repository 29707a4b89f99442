"""The command line: parse, call a function that the tests also call, print.

Exit codes: 0 done; 1 done, and the answer is no (a check failed, nothing was found to read);
2 the command line or the configuration is wrong; 3 a file, the log or the other side cannot be
used; 130 interrupted.
"""

from platewire.cli.main import main

__all__ = ["main"]
