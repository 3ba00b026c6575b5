"""What an installation costs by the month, worked out from what was measured, and which limits of AWS it meets."""
