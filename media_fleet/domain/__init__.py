"""What a media node decides: negotiation, subscriptions, layers. Plain Python without I/O, clock or randomness."""
