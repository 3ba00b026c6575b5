"""One module for each thing outside: the table, the rooms, the keys of the authentication service."""
