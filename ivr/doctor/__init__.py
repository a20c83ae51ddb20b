"""What is wrong with an installation's safety, where, and what to do: `ivr doctor`.

`observed`: what was seen, as plain data. `exposure`, `passwords`, `files`, `upkeep`, `people`: judgements of it, pure.
`look`: sees it, on this machine and without the server's help, so that a server that is down can be examined too.
"""
