"""What is known of a latent model when there is time: tighter bounds, the latent space, samples."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor

from daedalus.core.data import Data, Examples
from daedalus.core.fitting import tensors
from daedalus.core.objective import Batch
from daedalus.generative.fitted import bits_per_dimension
from daedalus.generative.metrics.latent import active_units, surgery

from .codebook import perplexity

if TYPE_CHECKING:
    from .variational import Variational
    from .vq_vae import FittedVQVAE

#: K of the tight bound; examples that are examined, and how many at a time.
TIGHT, EXAMINED, _AT_ONCE = 64, 2_000, 200


class Coding(Protocol):
    """A model whose code of an example is L numbers."""

    data: Data
    classes: int  # that it knows

    def code(self, batch: Batch) -> Tensor:
        """(B, L)."""
        ...

    def shown(self, z_BL: Tensor, y: Tensor | None = None) -> Tensor:
        """What the codes stand for, as shares (B, …); y are classes (B,) or shares of them (B, C)."""
        ...


def batches(part: Examples, most: int, device: torch.device) -> Iterator[Batch]:
    """The first examples of a part, some at a time."""
    size = min(part.size or most, most)
    for begin in range(0, size, _AT_ONCE):
        yield tensors(part, np.arange(begin, min(begin + _AT_ONCE, size)), device)


def examined(model: "Variational", part: Examples, generator: torch.Generator) -> Mapping[str, float]:
    """Bounds of ln p(x) in nats, active units, how far the codes are from their prior, and samples."""
    from daedalus.generative.metrics.quality import examine_samples

    sums: dict[str, float] = {}
    means, log_stds = [], []
    for batch in batches(part, EXAMINED, generator.device):
        for name, each_B in model.bounds(batch, TIGHT, generator).items():
            sums[name] = sums.get(name, 0.0) + float(each_B.sum())
        q = model.posterior(batch["x"], model.given(batch.get("y")))
        means.append(q.mean)
        log_stds.append(q.log_std)
    mean_NL, log_std_NL = torch.cat(means), torch.cat(log_stds)
    noise = torch.randn(mean_NL.shape, generator=generator, device=generator.device)
    information, apart = surgery(mean_NL, log_std_NL, noise)
    found = {name: total / len(mean_NL) for name, total in sums.items()}
    tight = found.pop("bound")
    return {
        "examined": len(mean_NL),
        f"iwae_{TIGHT}": tight,
        **found,
        "bits_per_dimension": bits_per_dimension(tight, model.data),
        "active_units": active_units(mean_NL),
        "mutual_information": information,
        "kl_of_all_codes": apart,
        **examine_samples(model.data, model, part, generator),
    }


def code_facts(model: Coding, part: Examples, device: torch.device) -> Mapping[str, float]:
    """Of codes without a distribution: how many units vary."""
    return {"active_units": active_units(torch.cat([model.code(batch) for batch in batches(part, EXAMINED, device)]))}


def quantised_facts(model: "FittedVQVAE", part: Examples, generator: torch.Generator) -> Mapping[str, float]:
    """The bound in its two parts, codes in use, and samples."""
    from daedalus.generative.metrics.quality import examine_samples

    prior, own, bound, taken = 0.0, 0.0, 0.0, []
    for batch in batches(part, EXAMINED, generator.device):
        taken.append(model.indices(batch["x"]))
        prior += float(model.log_prior(taken[-1]).sum())
        own += float(model.log_joint(batch["x"], taken[-1]).sum())
        bound += float(model.log_prob(batch, generator).sum())
    indices_NP = torch.cat(taken)
    size, codes = len(indices_NP), model.config.codes
    return {
        "examined": size,
        "reconstruction": (own - prior) / size,
        "prior": prior / size,
        "bits_per_dimension": bits_per_dimension(bound / size, model.data),
        "perplexity": float(perplexity(indices_NP, codes)),
        "codes_used": int(indices_NP.flatten().bincount().count_nonzero()),
        **examine_samples(model.data, model, part, generator),
    }
