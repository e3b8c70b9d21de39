"""The small grammar of names with parameters."""

import contextlib
import json
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daedalus.core.errors import UserError
from daedalus.core.lab.encoding import settings_of, spec_from_json, spec_to_json
from daedalus.core.spec import Labelled, Spec, fill, parse_agents, parse_spec


def test_a_parameter_continues_the_agent_before_it() -> None:
    assert parse_agents("q_learning:alpha=.5,epsilon=.1,sarsa") == [
        Labelled("q_learning:alpha=0.5,epsilon=0.1", Spec("q_learning", (("alpha", 0.5), ("epsilon", 0.1)))),
        Labelled("sarsa", Spec("sarsa")),
    ]


def test_a_label_carries_a_colon_at_its_end() -> None:
    assert parse_agents("Fast=q_learning:alpha=.9,Plain=ucb:") == [
        Labelled("Fast", Spec("q_learning", (("alpha", 0.9),))),
        Labelled("Plain", Spec("ucb")),
    ]


def test_commas_inside_parentheses_do_not_split() -> None:
    (agent,) = parse_agents("q_learning:explore=epsilon_first_softmax(explore=10,temperature=2),alpha=1")
    assert agent.spec.mapping == {
        "explore": Spec("epsilon_first_softmax", (("explore", 10), ("temperature", 2))),
        "alpha": 1,
    }


def test_parentheses_and_colon_say_the_same() -> None:
    assert parse_spec("ucb(c=2)") == parse_spec("ucb:c=2") == Spec("ucb", (("c", 2),))


def test_parentheses_end_where_a_colon_or_a_label_says_so() -> None:
    assert parse_agents("Fast=ucb(c=2):") == [Labelled("Fast", Spec("ucb", (("c", 2),)))]
    assert parse_agents("ucb(c=2),alpha=.1") == parse_agents("ucb:c=2,alpha=.1")
    assert parse_agents("q(a=f(g(x=1))),b=2,L=r(c=3):d=4,s") == [
        *parse_agents("q:a=f(g(x=1)),b=2"),
        Labelled("L", Spec("r", (("c", 3), ("d", 4)))),
        Labelled("s", Spec("s")),
    ]
    assert parse_spec("m:Id-v0(rows=3)") == parse_spec("m:Id-v0:rows=3")
    assert parse_spec("maze(1).txt:slip=.1") == Spec("maze(1).txt", (("slip", 0.1),))
    with pytest.raises(UserError, match="'c' is given twice"):
        parse_agents("ucb(c=2),c=3")


@pytest.mark.parametrize("text", ["Fast=sarsa", "Fast=ucb(c=2)", "Fast=sb3/dqn"])
def test_a_label_without_its_colon_is_told(text: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_agents(text)
    assert str(caught.value).endswith(f"; a label needs a colon at its end: {text}:")
    with pytest.raises(UserError, match=r"stands before it$"):
        parse_agents("alpha=.5")


def test_a_name_may_hold_a_colon() -> None:
    assert parse_spec("daedalus.envs:daedalus/Maze-v0") == Spec("daedalus.envs:daedalus/Maze-v0")
    assert parse_spec("daedalus.envs:daedalus/Maze-v0:rows=3").mapping == {"rows": 3}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-2", -2),
        (".5", 0.5),
        ("1e-3", 1e-3),
        ("true", True),
        ("False", False),
        ("none", None),
        ("a/b", "a/b"),
        ("(16,32)", (16, 32)),
        ("(16)", (16,)),
        ("( .5 , none, )", (0.5, None)),
        ("()", ()),
        ("((1,2),f(x=(3)))", ((1, 2), Spec("f", (("x", (3,)),)))),
    ],
)
def test_values(text: str, value: object) -> None:
    parsed = parse_spec(f"name:key={text}").mapping["key"]
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty name"),
        ("a:b=1,b=2", "given twice"),
        ("a:b=(1", "never closed"),
        ("a:b=1)", "without '('"),
        ("a:b=", "expected key=value"),
        ("a:b=(1,,2)", "an empty value"),
        ("a:b=(1,c=2)", "expected values such as (16,32), found 'c=2'"),
        ("a:b=(1)(2)", "without '('"),
    ],
)
def test_errors_of_a_spec(text: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        parse_spec(text)


@pytest.mark.parametrize(("text", "message"), [("alpha=.5,sarsa", "no agent stands before"), ("a,,b", "empty agent")])
def test_errors_of_a_list(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_agents(text)


names = st.from_regex(r"[a-z][a-z_0-9]{0,8}", fullmatch=True).filter(
    lambda name: name not in {"true", "false", "none", "null", "nan", "inf", "infinity"}
)
scalars = st.one_of(
    st.integers(-(10**6), 10**6), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), names
)
params = st.dictionaries(names, scalars, max_size=3).map(lambda mapping: tuple(mapping.items()))
nested = st.builds(Spec, names, params)
several = st.recursive(st.one_of(scalars, nested), lambda one: st.lists(one, max_size=3).map(tuple), max_leaves=6)
specs = st.builds(Spec, names, st.dictionaries(names, several, max_size=4).map(lambda m: tuple(m.items())))


@given(specs)
def test_text_and_spec_round_trip(spec: Spec) -> None:
    assert parse_spec(str(spec)) == spec


@given(specs)
def test_json_and_spec_round_trip(spec: Spec) -> None:
    again = spec_from_json(json.loads(json.dumps(spec_to_json(spec))))
    assert again == spec
    assert hash(again) == hash(spec)


def test_several_values_stay_together_in_a_list_of_agents() -> None:
    assert parse_agents("cnn:channels=(16,32),width=64,Wide=mlp(width=(256,128)):,sarsa") == [
        Labelled("cnn:channels=(16,32),width=64", Spec("cnn", (("channels", (16, 32)), ("width", 64)))),
        Labelled("Wide", Spec("mlp", (("width", (256, 128)),))),
        Labelled("sarsa", Spec("sarsa")),
    ]


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(UserError):
        parse_agents(text)


@dataclass(frozen=True)
class Config:
    alpha: float = 0.1
    seeds: int = 1
    law: Literal["gaussian", "bernoulli"] = "gaussian"
    limit: int | Literal["auto"] | None = "auto"
    explore: Spec | None = None


def test_fill_takes_what_fits() -> None:
    filled = fill(Config, {"alpha": 1, "limit": None, "explore": "greedy"}, "q_learning")
    assert filled == Config(alpha=1.0, limit=None, explore=Spec("greedy"))
    assert type(filled.alpha) is float


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"alhpa": 1}, "did you mean 'alpha'"),
        ({"alpha": "high"}, "alpha must be a number, not"),
        ({"alpha": float("nan")}, "is NaN"),
        ({"alpha": True}, "alpha must be a number, not"),
        ({"seeds": 1.5}, "seeds must be a whole number, not"),
        ({"limit": "none"}, "limit must be a whole number or none or 'auto'"),
        ({"explore": 3}, "explore must be a name such as"),
        ({"law": "gausian"}, "did you mean 'gaussian'"),
    ],
)
def test_fill_refuses_what_does_not(params: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        fill(Config, params, "q_learning")


@dataclass(frozen=True)
class Sized:
    rows: int = 1
    slip: float | None = None
    limit: int | Literal["auto"] | None = "auto"


def test_numbers_of_numpy_stand_for_pythons() -> None:
    sized = fill(Sized, {"rows": np.int64(3), "slip": np.float32(0.5), "limit": np.uint8(7)}, "sized")
    assert sized == Sized(3, 0.5, 7)
    assert [type(value) for value in (sized.rows, sized.slip, sized.limit)] == [int, float, int]
    assert type(fill(Sized, {"slip": np.int32(1)}, "sized").slip) is float
    for key, value in (("rows", np.float64(3)), ("rows", np.True_), ("slip", 1j), ("slip", np.float64("nan"))):
        with pytest.raises(UserError, match=f"sized: {key}"):
            fill(Sized, {key: value}, "sized")


def test_an_integer_beyond_all_floats_is_refused() -> None:
    with pytest.raises(UserError, match="sized: slip is too large"):
        fill(Sized, {"slip": 10**400}, "sized")


@dataclass(frozen=True)
class Layers:
    width: int | tuple[int, ...] = 64
    channels: tuple[int, ...] = (32, 64)
    rates: tuple[float, ...] = ()


def test_several_numbers_fill_a_tuple() -> None:
    layers = fill(Layers, parse_spec("net:width=(64,32),rates=(1,.5)").mapping, "net")
    assert layers == Layers((64, 32), (32, 64), (1.0, 0.5))
    assert [type(rate) for rate in layers.rates] == [float, float]
    assert fill(Layers, {"width": np.int64(8), "channels": [np.int64(4)]}, "net") == Layers(8, (4,))
    assert fill(Layers, json.loads(json.dumps(settings_of(layers))), "net") == layers


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("channels=32", "net: channels must be whole numbers such as (16,32), not '32'"),
        ("width=wide", "net: width must be a whole number or whole numbers such as (16,32), not 'wide'"),
        ("width=(64,wide)", "net: width[1] must be a whole number, not 'wide'"),
        ("rates=(1,(2))", "net: rates[1] must be a number, not '(2)'"),
    ],
)
def test_what_is_no_tuple_of_numbers_is_refused(text: str, message: str) -> None:
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        fill(Layers, parse_spec(f"net:{text}").mapping, "net")
