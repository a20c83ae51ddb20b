"""Whether a talk is recorded. Pure: the only rule, in one place."""


def may_record(*, policy: bool, notice_heard: bool) -> bool:
    """Record only what the queue's policy wants and only after the caller has heard the notice to its end.

    Nothing else can turn a recording on: without the notice there is no informed consent (Ley 1581/2012).
    """
    return policy and notice_heard
