"""Whether a world can be seen as its observation asks."""

from daedalus.core.errors import UserError
from daedalus.core.world import World

#: What can be shown of a world without a scene.
PLAIN = ("index", "one_hot")
#: A view's tiles must fit the bits of a machine word.
LEAST_VIEW, MOST_VIEW = 3, 7
#: Pixels of one picture that is seen, and of one that is only drawn.
MOST_PIXELS, MOST_DRAWN = 2**22, 2**26


def check(world: World) -> None:
    """Refuse an observation that the world has not. Raises `UserError`."""
    asked, scene = world.observation, world.scene
    if asked.sight not in PLAIN and scene is None:
        raise UserError(f"{world.name} has no scene to see; its observation is {' or '.join(PLAIN)}")
    if asked.view_size % 2 == 0 or not LEAST_VIEW <= asked.view_size <= MOST_VIEW:
        raise UserError(
            f"{world.name}: view_size must be odd, {LEAST_VIEW} to {MOST_VIEW} tiles, not {asked.view_size}"
        )
    if asked.tile_size is not None and asked.tile_size < 1:
        raise UserError(f"{world.name}: tile_size must be at least 1 pixel, not {asked.tile_size}")
    if asked.tile_size is not None and scene is None:
        raise UserError(f"{world.name} has no scene to draw; leave tile_size out")
    if scene is not None and (asked.sight == "pixels" or asked.tile_size is not None):
        most = MOST_PIXELS if asked.sight == "pixels" else MOST_DRAWN
        tiles = scene.tiles.shape[-2] * scene.tiles.shape[-1]
        if tiles * asked.seen_tile**2 > most:
            fits = int((most / tiles) ** 0.5)
            advice = f"give tile_size={fits} or less" if fits else "choose another observation"
            raise UserError(f"{world.name}: pictures of more than {most:,} pixels are too large; {advice}")
