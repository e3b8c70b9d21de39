"""Deep learners by name, and the trial that runs them."""

from daedalus.core.catalogue import Entry

DEEP = (
    Entry(
        "agent",
        "dqn",
        "daedalus.agents.deep.dqn:DQN",
        "deep Q-network: a network of action values, replay buffer and target network",
        ("contextual", "finite", "changing", "open"),
        "deep",
        8,
        "Networks",
    ),
    Entry("trial", "deep", "daedalus.agents.deep.trial:trial", "networks of many seeds, trained as one"),
)
