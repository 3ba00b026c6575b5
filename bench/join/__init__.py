"""How long from the click on "Join now" to the first picture of somebody else."""
