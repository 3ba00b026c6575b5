"""What these tests stand on is what the signalling tests stand on."""

from tests.integration.signaling.conftest import own_valkey, platform, shared_valkey, start, valkey

__all__ = ["own_valkey", "platform", "shared_valkey", "start", "valkey"]
