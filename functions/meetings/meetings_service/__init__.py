"""The meeting service: meetings, who may join them, and the record of what happened in them."""
