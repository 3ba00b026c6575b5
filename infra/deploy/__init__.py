"""`make deploy` and `make destroy`: what is built, put where CloudFormation finds it, and the stack made of it."""
