"""One module per outside thing: the packet core, Redis, the SDP parser, the log."""
