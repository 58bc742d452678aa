"""All SQL of the API. `customers` is the key's scope, the list of customers that it may see, None for all: every
query takes it, so that nobody can forget it."""
