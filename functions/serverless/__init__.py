"""What both Chalice services stand on: the HTTP edge, settings, logs, AWS clients and the store of signing keys.

It knows nothing of accounts or meetings. It reaches the functions as ``vendor/functions/serverless``, a symbolic link.
"""
