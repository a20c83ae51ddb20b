"""Looks at flows without a telephone: tries them, tests them, compares them, draws them, and proves what they promise.

Everything here drives the real machine of a call (ivr.call.machine); nothing says a second time what a verb does.
"""
