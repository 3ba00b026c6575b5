"""The authentication service: accounts, passwords, sessions and the tokens that prove them."""
