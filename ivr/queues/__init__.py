"""The queues as the routing engine has them at this moment, for whoever looks on (`ivr queues`)."""
