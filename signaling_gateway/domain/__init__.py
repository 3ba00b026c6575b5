"""What a live room is and may become: pure functions over frozen state, without I/O, clock or randomness."""
