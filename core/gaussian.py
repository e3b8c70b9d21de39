"""The inverse normal distribution function for compiled code, so that one uniform draw gives one normal number.

Wichura 1988, algorithm AS 241, PPND16: ratios of two polynomials of degree 7, near the middle, in the tails and far out
in them; the relative error is about 1e-16. Only the tails, 15 % of draws, need a logarithm and a root.
"""

import math

from .compiled import aside, inlined, lean

Coefficients = tuple[float, float, float, float, float, float, float, float]

#: Numerators and denominators, lowest power first.
_MIDDLE: tuple[Coefficients, Coefficients] = (
    (3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
     45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727),
    (1.0, 42.313330701600911252, 687.18700749205790830, 5394.1960214247511077,
     21213.794301586595867, 39307.895800092710610, 28729.085735721942674, 5226.4952788528545610),
)  # fmt: skip
_TAIL: tuple[Coefficients, Coefficients] = (
    (1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
     1.27045825245236838258, 0.241780725177450611770, 0.0227238449892691845833, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187, 1.67638483018380384940, 0.689767334985100004550,
     0.148103976427480074590, 0.0151986665636164571966, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
)  # fmt: skip
_FAR: tuple[Coefficients, Coefficients] = (
    (6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 0.296560571828504891230,
     0.0265321895265761230930, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7),
    (1.0, 0.599832206555887937690, 0.136929880922735805310, 0.0148753612908506148525,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15),
)  # fmt: skip


@inlined
def _polynomial(c: Coefficients, x: float) -> float:
    return ((((((c[7] * x + c[6]) * x + c[5]) * x + c[4]) * x + c[3]) * x + c[2]) * x + c[1]) * x + c[0]


@inlined
def _ratio(of: tuple[Coefficients, Coefficients], x: float) -> float:
    return _polynomial(of[0], x) / _polynomial(of[1], x)


@inlined
def quantile(q: float) -> float:
    """The number below which a standard normal one lies with probability 1/2 + q, for q in (-1/2, 1/2)."""
    return q * _ratio(_MIDDLE, 0.180625 - q * q) if abs(q) <= 0.425 else _outer(q)


@lean
def _outer(q: float) -> float:
    aside()
    r = math.sqrt(-math.log(0.5 - abs(q)))
    return math.copysign(_ratio(_TAIL, r - 1.6) if r <= 5.0 else _ratio(_FAR, r - 5.0), q)
