"""Who did what, from where: appended, chained by hashes, never changed."""
