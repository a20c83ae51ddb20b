"""How a command can end other than with a reply."""

from ivr.asterisk.agi.reply import Reply


class AgiError(Exception):
    """Anything that ends a command without the reply it wanted."""


class HungUp(AgiError):
    """The caller is gone, or the channel was taken elsewhere: a normal outcome, never an error in a log.

    AGI cannot tell a hang-up from a redirect or a bridge; AMI can.
    """


class CommandRefused(AgiError):
    """Asterisk does not know the command (510, or an application that is not loaded), does not do it on this
    channel any more (511), or was given arguments that it does not take (520)."""

    def __init__(self, command: str, reply: Reply) -> None:
        super().__init__(f"{command}: {reply.code} {reply.data or reply.result!r}")
        self.command = command
        self.reply = reply


class CommandTimeout(AgiError):
    """No reply in time. The session is closed, as a late reply could be taken for another command's."""
