"""values <-> bytes, pure, no sockets: one file per wire format."""
