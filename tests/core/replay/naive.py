"""A second implementation of replay: lists of whole episodes, every frame kept, nothing clever."""

from dataclasses import dataclass, field

import numpy as np

from daedalus.core import draws


@dataclass
class Episode:
    frames: list[int]  # numbers of frames, in the order in which they were written
    actions: list[int] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)
    ended: str = ""  # "terminated" or "truncated"


class NaiveSlot:
    """One slot. A frame is its number; room: how many frames are kept, None for all."""

    def __init__(self, capacity: int, n: int, gamma: float, room: int | None = None) -> None:
        self.capacity, self.n, self.gamma, self.room = capacity, n, gamma, room
        self.episodes: list[Episode] = []
        self.order: dict[int, int] = {}  # of each frame, how many were written before it

    def begin(self, frame: int) -> None:
        last = self.episodes[-1] if self.episodes else None
        if last and not last.ended and not last.actions:
            self.order[frame] = self.order.pop(last.frames.pop())  # in its place
            last.frames.append(frame)
            return
        if last and not last.ended:
            last.ended = "truncated"
        self.episodes.append(Episode([frame]))
        self.order[frame] = len(self.order)

    def add(self, action: int, reward: float, terminated: bool, truncated: bool, frame: int) -> None:
        last = self.episodes[-1]
        last.actions.append(action)
        last.rewards.append(reward)
        last.frames.append(frame)
        last.ended = "terminated" if terminated else "truncated" if truncated else ""
        self.order[frame] = len(self.order)

    def transitions(self) -> list[tuple[int, int, float, float, int]]:
        """All that may be sampled, from the oldest on: frame, action, n-step reward, discount, frame reached."""
        steps = [(episode, k) for episode in self.episodes for k in range(len(episode.actions))][-self.capacity :]
        if self.room is not None:
            steps = [
                (episode, k) for episode, k in steps if self.order[episode.frames[k]] >= len(self.order) - self.room
            ]
        found = []
        for episode, k in steps:
            beyond = min(k + self.n, len(episode.actions))
            if beyond < k + self.n and not episode.ended:
                continue
            total = sum(self.gamma**j * float(np.float32(r)) for j, r in enumerate(episode.rewards[k:beyond]))
            world_ended = episode.ended == "terminated" and beyond == len(episode.actions)
            discount = 0.0 if world_ended else self.gamma ** (beyond - k)
            found.append((episode.frames[k], episode.actions[k], total, discount, episode.frames[beyond]))
        return found

    def sample(self, size: int, key: int, t: int) -> list[tuple[int, int, float, float, int]]:
        from_these = self.transitions()
        stream = np.uint64(draws.bits(np.uint64(key), np.uint64(t)))
        return [from_these[int(draws.uniform(stream, np.uint64(b)) * len(from_these))] for b in range(size)]
