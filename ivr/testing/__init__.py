"""Public fakes and instruments for tests, of this project and of sites that change their flows.

- `phone`: a SIP telephone in software; `person`: somebody at one, who knows by name what is heard; `ears`: how.
- `instance`: a whole company line with an Asterisk and a server of its own, on free ports, gone without trace;
  `relay`: a switch in a TCP connection, to make an outage; `trial`: one call told as it happens (`ivr call`).
- `asterisk_agi`, `asterisk_ami`: a scripted Asterisk, for tests that need none.
"""

import os

# Read when numpy is imported. Our products are small; of more threads each would turn in circles, waiting with a
# processor in hand: of 36 s of processor that a trial call cost, 30 were theirs.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
