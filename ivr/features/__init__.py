"""What the company's own phones dial: messages, and timetables that somebody overrides. Dialogs by telephone.

A dialog is an async function over a `Handset`; it knows nothing of AGI. Who speaks to it has proved himself twice: the
phone by its password (the dialplan names its extension), the person by a PIN.
"""

from ivr.features.features import Features
from ivr.features.figures import FeatureFigures
from ivr.features.lamps import Lamps

__all__ = ["FeatureFigures", "Features", "Lamps"]
