"""One camera end to end: frames are read, reads become passages, changes enter the log."""
