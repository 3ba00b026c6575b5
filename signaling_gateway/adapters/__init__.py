"""One module per outside thing: Redis in its roles, the meeting service's keys and functions."""
