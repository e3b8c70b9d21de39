"""Every agent's pictures in a world: how it learnt, an episode, values with arrows, visits."""

from collections.abc import Sequence
from dataclasses import dataclass

from daedalus.core.world import Scene

from .animation import Episode, animate_all, episode_of, fitting
from .learning import (
    LESSON_BYTES,
    LESSONS,
    MOMENTS_OF_ARMS,
    Lesson,
    animate_lesson,
    arms_lesson,
    beliefs_of,
    map_lesson,
)
from .pictures import Arrays, Overlay, Picture, draw_all, overlays, scene_of
from .style import Style
from .worlds import Household, Lived


@dataclass(frozen=True, eq=False)
class Gallery:
    """One agent's pictures in a world."""

    label: str
    style: Style
    pictures: Sequence[Picture]


@dataclass(frozen=True, eq=False)
class _Wanted:
    """What is to be drawn of one agent in one world."""

    house: Household
    one: Lived
    still: tuple[Scene, Sequence[Overlay]] | None = None
    episode: Episode | None = None
    lesson: Lesson | None = None


def galleries(houses: Sequence[Household]) -> dict[str, list[Gallery]]:
    """The pictures of each world that can be drawn, by the house's key, learners before optimal and random."""
    wanted = []
    for house in houses:
        world = house.lived[0].member.scene()
        scene = scene_of(world)
        for one in sorted(house.lived, key=lambda one: house.looks[one.label].role != "learner"):
            if scene:
                wanted.append(_on_map(house, one, scene, world))
            elif house.bandit and house.looks[one.label].role == "learner":
                wanted.append(_Wanted(house, one, lesson=_of_arms(house, one)))
    drawn = iter(draw_all([each.still for each in wanted if each.still]))
    lessons = fitting([each.lesson for each in wanted], animate_lesson, LESSON_BYTES, LESSONS)
    episodes = animate_all([each.episode for each in wanted])
    found: dict[str, list[Gallery]] = {house.key: [] for house in houses}
    for each, lesson, episode in zip(wanted, lessons, episodes, strict=True):
        moving = [picture for picture in (lesson, episode) if picture]
        if shown := [*moving, *(next(drawn) if each.still else [])]:
            found[each.house.key].append(Gallery(each.one.label, each.house.looks[each.one.label], shown))
    return found


def _on_map(house: Household, one: Lived, scene: Scene, world: Arrays) -> _Wanted:
    final = one.member.final()
    if house.own_layouts:  # what is stored of the scene is the first seed's
        final = {name: array[:1] for name, array in final.items()}
    return _Wanted(
        house,
        one,
        (scene, overlays(one.label, one.agent, scene, world, final)),
        episode_of(one.label, scene, world, final, house.card.get("horizon")),
        map_lesson(one.label, scene, world, beliefs_of(one.member.beliefs())),
    )


def _of_arms(house: Household, one: Lived) -> Lesson | None:
    """What seed 0 learnt of its arms; where their true means change, those of the end are no mark."""
    beliefs = beliefs_of(one.member.beliefs(), MOMENTS_OF_ARMS)
    means = None if house.drifts else one.member.final().get("means")
    return arms_lesson(one.label, None if means is None else means[0], beliefs)
