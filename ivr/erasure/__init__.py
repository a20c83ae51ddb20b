"""Everything that is kept about a caller: found and erased in all stores at once."""
