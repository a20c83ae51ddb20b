"""Recordings: what they cost while people talk, and how soon they are found, heard, verified and copied.

*Asterisk*: a hundred talks between Local channels that play music to each other, of one Asterisk, in turns: not
recorded, recorded as MixMonitor does it when nobody says anything else, and as our dialplan has it. *Our server*: a
hundred callers whom it has brought to agents, in turns on a number that is recorded and on one that never is. *Into the
catalogue*: from the last sample that Asterisk has written, until the journal tells of the row; and a hundred files of
five minutes whose markers come together. *Search*, *dry run*, *first byte*: the running server over HTTP, with a token,
on a connection that stays; rows have waveforms as large as they are (the catalogue has some gigabytes), and files are
read from the disk. *Into the vault*: compressed, read back, sealed, in a process of its own. *Verify* and *backup*: in
turns with programs that only hash or copy; a backup reads back what it has sent. Promised are the bounds.

`python -m bench.recordings.compare` prints the tables; so does each module of this folder for its own.
"""

from bench.recordings import copies, desk, talks, vault


def main() -> list[dict[str, str]]:
    """Rows for bench/RESULTS.md."""
    return [row for part in (talks, desk, vault, copies) for row in part.main()]


if __name__ == "__main__":
    for row in main():
        print(row)
