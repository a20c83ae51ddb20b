"""What callers, agents and administrators notice between two versions of a site (`ivr diff`)."""
