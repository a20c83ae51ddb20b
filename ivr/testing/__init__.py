"""Public fakes and instruments for tests, of this project and of sites that change their flows.

- `phone`: a SIP telephone in software; `person`: somebody at one, who knows by name what is heard; `ears`: how.
- `instance`: a whole company line with an Asterisk and a server of its own, on free ports, gone without trace;
  `relay`: a switch in a TCP connection, to make an outage; `trial`: one call told as it happens (`ivr call`).
- `asterisk_agi`, `asterisk_ami`: a scripted Asterisk, for tests that need none.
"""
