"""Whether a world can be seen as its observation asks."""

from daedalus.core.errors import UserError
from daedalus.core.world import World

#: What can be shown of a world without a scene.
PLAIN = ("index", "one_hot")
#: A view's tiles must fit the bits of a machine word.
LEAST_VIEW, MOST_VIEW = 3, 7
#: Pixels of one picture.
MOST_PIXELS = 2**22


def check(world: World) -> None:
    """Refuse an observation that the world has not. Raises `UserError`."""
    asked, scene = world.observation, world.scene
    if asked.sight not in PLAIN and scene is None:
        raise UserError(f"{world.name} has no scene to see; its observation is {' or '.join(PLAIN)}")
    if asked.view_size % 2 == 0 or not LEAST_VIEW <= asked.view_size <= MOST_VIEW:
        raise UserError(
            f"{world.name}: view_size must be odd, {LEAST_VIEW} to {MOST_VIEW} tiles, not {asked.view_size}"
        )
    if asked.tile_size < 1:
        raise UserError(f"{world.name}: tile_size must be at least 1 pixel, not {asked.tile_size}")
    if asked.sight == "pixels" and scene is not None:
        tiles = scene.tiles.shape[-2] * scene.tiles.shape[-1]
        if tiles * asked.tile_size**2 > MOST_PIXELS:
            fits = int((MOST_PIXELS / tiles) ** 0.5)
            advice = f"give tile_size={fits} or less" if fits else "choose another observation"
            raise UserError(f"{world.name}: pictures of more than {MOST_PIXELS:,} pixels are too large; {advice}")
