"""The exchange: the shells that join Asterisk's wires (ivr.asterisk) to calls (ivr.call) and to routing (acd).

`runner` serves the caller's visits over AGI, `switchboard` turns AMI events into facts, `telephone` carries decisions
out, `cel_import` fills gaps from Asterisk's own notes, and every fact goes in at the `desk`.
"""
