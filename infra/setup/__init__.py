"""What the Makefile runs: checks of tools, the sections of ``make test``, and small steps of packaging."""
