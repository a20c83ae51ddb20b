"""A talk's recording as long as the talk lasts; what becomes of it afterwards is of `ivr.recordings`.

Asterisk records by itself (MixMonitor on the agent's leg, in the dialplan); the server says beforehand whether it does,
and only ever makes it silent, or lets it go on in another file. So AMI needs no right to begin one, for which it would
have to be allowed to run commands. A talk that may be recorded later (on demand; a phone of the house that asks for a
caller) begins with a recording that is silent from its first frame, and that nobody keeps unless it is let hear.

Pure: `ruling` (what is ruled of a talk) and `leg` (what is known of a leg's recording, and what may be changed). Around
them: `beforehand`, before a phone rings; `recorder`, while the talk lasts; `parts`, the other files, and `renewal`, how
one is begun; `monitor`, what Asterisk is told; `telling`, what the journal is told; `legs`, the dialplan's visits.
"""
