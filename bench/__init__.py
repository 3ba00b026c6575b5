"""Measurements against limits and peers. Each is a package: ``python -m bench.<name>``."""
