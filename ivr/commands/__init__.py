"""The subcommands of `ivr`, one module each; see `ivr.cli`."""
