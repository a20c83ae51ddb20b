"""What the agents do, and what they are told to do: by their own telephones (`ivr.features`) and by `ivr agents`."""

from ivr.agents.agents import AgentRefused, Agents

__all__ = ["AgentRefused", "Agents"]
