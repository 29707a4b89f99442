"""Outputs that open a gate or a door: a command that cannot be undone is sent at most once.

The response alone does not say whether a gate opened: devices switch and then close the
connection, answer late, or send something that is not HTTP. So a command that may have reached the
device counts as done and is not sent again by itself. It may be sent again only if it is known not
to have reached the device, or if the device refused it as a whole.
"""
