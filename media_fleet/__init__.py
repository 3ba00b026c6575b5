"""The media node: WebRTC transports, negotiation and forwarding rules.

Control plane in Python (this package), packet plane in Rust (`packet_core`). The border between them is
`packet_core/packet_core.pyi`; the border to aiortc is `dtls_border`.
"""
