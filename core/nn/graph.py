"""Networks over graphs: graph convolution on one graph, sparse, and message passing on batches of small ones, dense."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, final

import torch
from torch import Tensor, nn

from daedalus.core.errors import UserError

from .dropout import Dropping
from .layers import linear
from .sequences import check_choice, check_positive, features_of


def both_ways(edges_2E: Tensor) -> Tensor:
    """The edges of an undirected graph in both directions, each once, in order."""
    there_and_back = torch.cat((edges_2E, edges_2E.flip(0)), dim=1)
    edges: Tensor = torch.unique(there_and_back, dim=1)
    return edges


def normalised_adjacency(edges_2E: Tensor, nodes: int, weights_E: Tensor | None = None) -> Tensor:
    """D^(−1/2) (A + I) D^(−1/2), sparse (nodes, nodes) (Kipf & Welling 2017, eq. 2).

    A_ij is the sum of the weights (1 if not given) of the edges (i, j); an undirected graph has both (i, j) and
    (j, i), see `both_ways`. Raises `UserError` for an edge outside the graph and for weights below 0.
    """
    _check_edges(edges_2E, nodes, weights_E)
    weights = torch.ones(edges_2E.shape[1], device=edges_2E.device) if weights_E is None else weights_E
    own = torch.arange(nodes, device=edges_2E.device)
    rows, columns = torch.cat((edges_2E, own.expand(2, -1)), dim=1)
    values = torch.cat((weights, weights.new_ones(nodes)))
    degree = values.new_zeros(nodes).index_add_(0, rows, values)  # at least 1, by the node itself
    scaled = values * (degree[rows] * degree[columns]).rsqrt()
    matrix = torch.sparse_coo_tensor(torch.stack((rows, columns)), scaled, (nodes, nodes), check_invariants=False)
    return matrix.coalesce()


def _check_edges(edges: Tensor, nodes: int, weights: Tensor | None) -> None:
    if edges.ndim != 2 or edges.shape[0] != 2 or edges.dtype != torch.int64:
        raise UserError(f"edges must be int64 of shape (2, edges), not {edges.dtype} of {tuple(edges.shape)}")
    if edges.numel() and not 0 <= int(edges.min()) <= int(edges.max()) < nodes:
        raise UserError(f"an edge leads outside the nodes 0…{nodes - 1}")
    if weights is not None and (weights.shape != edges.shape[1:] or bool((weights < 0).any())):
        raise UserError(f"weights must be {edges.shape[1]} numbers, none below 0")


@final
class GraphConvolution(nn.Module):
    """Layers H ← relu(Â H W + b), the last without ReLU."""

    def __init__(self, features: int, widths: list[int], dropout: float, generator: torch.Generator) -> None:
        super().__init__()
        sizes = [features, *widths]
        self.layers = nn.ModuleList(linear(size, width, generator) for size, width in pairwise(sizes))
        self.dropout, self.features = Dropping(dropout), features

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        """(N, F) → (N, outputs), or (B, N, F) of one graph at B times → (B, N, outputs).

        `adjacency` is what `normalised_adjacency` returns, or any dense (N, N). What bounds it is the sparse product,
        which is why the features are narrowed, or left narrow, before it.
        """
        nodes = x.shape[-2] if x.ndim in (2, 3) else -1
        if x.shape[-1] != self.features or adjacency.shape != (nodes, nodes):
            raise UserError(
                f"graph convolution takes (nodes, {self.features}) and an adjacency (nodes, nodes), "
                f"not {tuple(x.shape)} and {tuple(adjacency.shape)}"
            )
        for index, layer in enumerate(self.layers):
            x = self.dropout(x if index == 0 else torch.relu(x))
            assert isinstance(layer, nn.Linear)
            if layer.out_features <= layer.in_features:
                x = gather(adjacency, x @ layer.weight.t()) + layer.bias
            else:
                x = layer(gather(adjacency, x))
        return x


def gather(adjacency: Tensor, x: Tensor) -> Tensor:
    """Â x for (N, F) or (B, N, F), Â sparse or dense."""
    if x.ndim == 2 or not adjacency.is_sparse:
        return adjacency @ x
    batch, nodes, features = x.shape
    beside = x.transpose(0, 1).reshape(nodes, batch * features)  # one sparse product for the whole batch
    return (adjacency @ beside).view(nodes, batch, features).transpose(0, 1)


@final
class MessageNetwork(nn.Module):
    """Rounds of h ← h + U(h, m), where m gathers what the neighbours say.

    A message is linear after its ReLU, hence summed before it: what bounds a round is the ReLU over (B, N, N, H).
    """

    def __init__(self, spec: "MessagePassing", features: int, generator: torch.Generator) -> None:
        super().__init__()
        width, rounds = spec.width, range(spec.depth)
        self.spec, self.features = spec, features
        self.embed = linear(features, width, generator)
        self.sender = nn.ModuleList(linear(width, width, generator, bias=False) for _ in rounds)
        self.receiver = nn.ModuleList(linear(width, width, generator) for _ in rounds)
        self.edge = nn.ModuleList(linear(spec.edges, width, generator, bias=False) for _ in rounds if spec.edges)
        self.message = nn.ModuleList(linear(width, width, generator, bias=False) for _ in rounds)
        self.hidden = nn.ModuleList(linear(2 * width, width, generator) for _ in rounds)
        self.update = nn.ModuleList(linear(width, width, generator) for _ in rounds)
        self.dropout = Dropping(spec.dropout)

    def forward(self, x_BNF: Tensor, adjacency_BNN: Tensor, edges_BNNE: Tensor | None = None) -> Tensor:
        """(B, N, F) → (B, N, width).

        Row i of the adjacency weighs what node i hears of each j: 0 where there is no edge, and in all rows and columns
        of nodes that only pad, which therefore change no other. Raises `UserError` for other shapes.
        """
        self._check(x_BNF, adjacency_BNN, edges_BNNE)
        h = self.embed(x_BNF)
        share = adjacency_BNN.to(h)
        if self.spec.gather == "mean":
            share = share / share.sum(-1, keepdim=True).clamp_min(1e-12)
        for index in range(self.spec.depth):
            said = self.receiver[index](h)[:, :, None] + self.sender[index](h)[:, None]  # (B, N, N, H)
            if edges_BNNE is not None:
                said = said + self.edge[index](edges_BNNE)
            heard = torch.einsum("bij,bijh->bih", share, torch.relu(said))
            both = torch.cat((h, self.message[index](heard)), dim=-1)
            h = h + self.dropout(self.update[index](torch.relu(self.hidden[index](both))))
        out: Tensor = h
        return out

    def _check(self, x: Tensor, adjacency: Tensor, edges: Tensor | None) -> None:
        if x.ndim != 3 or x.shape[-1] != self.features:
            raise UserError(f"message passing takes (batch, nodes, {self.features}), not {tuple(x.shape)}")
        square = (*x.shape[:2], x.shape[1])
        if adjacency.shape != square:
            raise UserError(f"the adjacency must have shape {square}, not {tuple(adjacency.shape)}")
        wanted = (*square, self.spec.edges) if self.spec.edges else None
        if (None if edges is None else tuple(edges.shape)) != wanted:
            raise UserError(f"the edges' features must have shape {wanted}; see edges={self.spec.edges} of the spec")


@dataclass(frozen=True)
class GCN:
    """Graph convolution (Kipf & Welling 2017): `depth` layers, the last of `outputs` features (None: `width`)."""

    width: int = 16
    depth: int = 2
    outputs: int | None = None
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_positive("gcn", width=self.width, depth=self.depth, outputs=self.outputs or self.width)

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> GraphConvolution:
        """The network for graphs of `shape`, (N, F) or (F,)."""
        widths = [self.width] * (self.depth - 1) + [self.outputs or self.width]
        return GraphConvolution(features_of(shape, "graph convolution"), widths, self.dropout, generator)


@dataclass(frozen=True)
class MessagePassing:
    """Message passing (Gilmer et al. 2017) on dense batches: messages from both ends and the edge's own features.

    m_i = M Σ_j a_ij relu(R h_i + S h_j + E e_ij), with `gather="mean"` divided by Σ_j a_ij; h_i ← h_i + U(h_i, m_i).
    """

    width: int = 64
    depth: int = 2
    edges: int = 0  # features of an edge
    gather: Literal["sum", "mean"] = "sum"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_positive("message passing", width=self.width, depth=self.depth, edges=self.edges + 1)
        check_choice("message passing", "gather", self.gather, ("sum", "mean"))

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> MessageNetwork:
        """The network for graphs of `shape`, (N, F) or (F,)."""
        return MessageNetwork(self, features_of(shape, "message passing"), generator)
