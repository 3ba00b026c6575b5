"""RTMP, as both its sides need it: broadcasts go out by it, and streams come in."""
