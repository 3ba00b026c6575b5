"""The process that streams a meeting out: composes it, encodes it once, and gives the packets to HLS and to RTMP."""
