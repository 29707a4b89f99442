"""For whoever writes a plug: fakes, a clock to turn by hand, and the checks each plug passes."""
