"""Socket.IO and HTTP: parse, call, answer."""
