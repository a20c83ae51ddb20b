"""Look-ups: what a flow asks of systems outside, each with a time limit and an outcome for every failure."""
