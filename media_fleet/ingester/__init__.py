"""The process that brings a stream into a meeting: fetches or takes it, decodes it, and sends it as a client does."""
