"""The first administrator: made at the first start, with a password that can be used once."""

from pathlib import Path

from ivr.access.model import Role
from ivr.accounts.accounts import Accounts, one_time
from ivr.accounts.model import ADMIN
from ivr.install import secrets

FILE = "admin.password"


async def make_first_admin(accounts: Accounts, folder: Path) -> str:
    """Where there is no account at all, make `admin`; its password is returned and stands in the folder of secrets.

    Written before the account is made: a crash between the two leaves no account whose password nobody knows.
    """
    if accounts.all():
        return ""
    password = one_time()
    secrets.write(folder / FILE, password + "\n")
    await accounts.add(ADMIN, Role.ADMIN, {"label": "Administrator"}, password)
    return password


def forget_first_password(folder: Path) -> None:
    """It was changed: the file is of no use."""
    (folder / FILE).unlink(missing_ok=True)
