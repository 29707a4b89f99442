"""The demo: a sample clip is read by the real server, and three receivers receive it."""
