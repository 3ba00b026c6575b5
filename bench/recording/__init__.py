"""What one video of a meeting costs."""
