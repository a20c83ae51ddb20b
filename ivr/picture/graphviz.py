"""Graphviz draws: a picture's text in, SVG, PNG or PDF out. Blocking."""

import subprocess

from ivr.picture.drawing import Picture, accessible

SECONDS = 120
"""For Graphviz to draw."""

FORMATS = ("svg", "png", "pdf", "dot")


class NotDrawn(Exception):
    """There is no picture. The message says why and what to do."""


def drawn(picture: Picture, form: str, seconds: float = SECONDS) -> bytes:
    """The picture in one of `FORMATS`; `dot` is its text, for which Graphviz is not needed. Raises NotDrawn."""
    text = picture.dot()
    if form == "dot":
        return text.encode()
    try:
        done = subprocess.run(["dot", f"-T{form}"], input=text.encode(), capture_output=True, timeout=seconds)
    except FileNotFoundError:
        raise NotDrawn("Graphviz is not installed; install it with: apt-get install graphviz") from None
    except subprocess.TimeoutExpired:
        raise NotDrawn(f"Graphviz draws longer than {seconds:g} s; draw one flow, or --each") from None
    if done.returncode != 0:
        why = done.stderr.decode(errors="replace").strip()[:500]
        raise NotDrawn(f"Graphviz cannot draw this: {why}")
    if form != "svg":
        return done.stdout
    return accessible(done.stdout.decode(), picture.title, picture.description).encode()
