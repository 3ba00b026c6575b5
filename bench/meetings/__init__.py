"""What lists and joins cost, in calls, read units and CPU, however many meetings are in the table."""
