"""What forwarding a packet costs, against the least that it can cost."""
