"""Who did what: an append-only, hash-chained table, searched, exported and verified.

`chain` is pure: the canonical text, the hashes, what verification finds. `store` keeps rows, `anchors` the latest hash
in a second place, `audit` appends from the loop in order, `routes` shows it.
"""
