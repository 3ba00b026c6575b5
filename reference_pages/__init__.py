"""The page that shows an API to people: one look, for the functions' routes and for the gateway's events."""
