"""Proves what a site promises about every call, by running the call's machine with every answer to every question.

`prove` is the way in. It knows the steps only by what they do: nothing here says a second time what a verb does, but
for which keys a step that takes keys tells apart (`keys`).
"""
