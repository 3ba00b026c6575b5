"""The signalling service: the live room of a meeting, kept in one ordered log and served over Socket.IO."""
