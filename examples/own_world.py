"""A world of one's own in ten lines; `python own_world.py` compares two agents in it."""

from daedalus.envs import register_world, rule_world


def ice(tiles: int = 8, slide: float = 0.2):
    def rule(tile, action):  # what may happen: (probability, next state, reward)
        near, far = (min(max(tile + n * (-1, 1)[action], 0), tiles) for n in (1, 2))
        return [(1 - slide, near, -1.0), (slide, far, -1.0)]

    return rule_world("ice", tiles + 1, ("back", "on"), rule, start=0, terminal=[tiles], horizon=100)


register_world("me/Ice-v0", ice)

if __name__ == "__main__":
    from daedalus.core.lab import compare

    for result in compare("me/Ice-v0", "q_learning,random", seeds=10, steps=5_000).results:
        print(result.label, result.mean, "of at best", result.optimum)
