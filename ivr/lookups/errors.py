"""How a look-up goes wrong."""


class LookUpFailed(Exception):
    """The source gave no answer that can be used.

    The message is for the log: it names what is wrong and holds no value of a caller or of an answer. `away`: the
    source itself is at fault (not this one question), so that asking it again soon is of no use.
    """

    def __init__(self, why: str, *, away: bool = False) -> None:
        super().__init__(why)
        self.away = away
