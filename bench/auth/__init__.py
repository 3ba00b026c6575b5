"""What the functions cost: their start, their size, and the requests that every session makes."""
