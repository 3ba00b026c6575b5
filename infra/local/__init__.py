"""The whole platform on one machine, as ordinary processes under one supervisor: ``python -m infra.local``."""
