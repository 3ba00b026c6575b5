"""Builds what is deployed, the same from the same: the release of gateways and media nodes, and a tar that says nothing
of when and where."""
