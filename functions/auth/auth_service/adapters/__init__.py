"""One module for each thing outside: the table, the password hash."""
