"""What a server needs to run a gateway or a media node: how it starts, drains and tells its load."""
