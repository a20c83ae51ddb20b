"""What can go wrong with an action. All are normal outcomes that the caller of `AmiLink.action` has to expect."""


class AmiError(Exception):
    """Any failure of an action."""


class AmiRefused(AmiError):
    """Asterisk answered, and said no. The text is Asterisk's own message."""


class AmiLost(AmiError):
    """There is no connection, or it went away before the answer.

    The action may have been carried out all the same; it is never sent again. The resynchronisation after the next
    login tells what became of it.
    """


class AmiTimeout(AmiError):
    """No answer within the deadline. The action may still be carried out; a late answer is dropped."""


class AmiLoginRefused(AmiError):
    """Asterisk knows no such user, or the secret is wrong, or this address is not permitted (manager.conf)."""


class AmiGarbage(AmiError):
    """What came is not the manager's language: no greeting, or a block without end."""
