"""Accounts, sessions and tokens: who may come in, and who it is that asks.

`register` holds all of them in memory and `store` keeps them in the records' database; `hashing` looks at passwords
away from the loop; `login` and `accounts` are what can be done; `door` tells the routes who asks.
"""
