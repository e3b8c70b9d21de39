"""Plots as SVG: numbers beside an axis have the room that they need."""

from daedalus.core.lab.report.figures import both


def test_long_numbers_beside_the_axis_have_room():
    def begins(low, high):
        def paint(axes, size):
            axes.set_ylim(low, high)
            found.append(axes)

        found = []
        both("key", paint)
        return [round(axes.get_position().x0 * axes.figure.bbox.width) for axes in found]

    assert begins(0, 1) == [50, 50]
    assert min(begins(-0.6952, -0.692)) > 50 + 6
