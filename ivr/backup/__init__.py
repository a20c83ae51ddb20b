"""Backup and restore of an instance: what it consists of, where copies go, when they are made, proved and forgotten.

`instance`, `packing`, `databases`, `keylist` and `source` make the pieces; `targets` opens the places; `worker` does
the work in a process of its own; `backup` says when; `state` and `figures` tell how it went; `restoring` leads back.
"""
