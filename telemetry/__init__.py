"""What all services tell of themselves alike: log lines, the traces they belong to, and metrics."""
