"""Graph networks: the formula by hand, sparse equals dense, and the laws of renamed and padded nodes."""

import pytest
import torch
from torch import Tensor

from daedalus.core.errors import UserError
from daedalus.core.nn.dropout import supply
from daedalus.core.nn.graph import GCN, MessagePassing, both_ways, normalised_adjacency

PATH = torch.tensor([[0, 1], [1, 2]])  # 0 – 1 – 2


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def random_graph(nodes: int, seed: int) -> Tensor:
    """A symmetric adjacency of zeros and ones."""
    upper = (torch.rand(nodes, nodes, generator=seeded(seed)) < 0.4).double().triu(1)
    return upper + upper.t()


def test_the_path_of_three_by_hand() -> None:
    """Degrees with the nodes themselves are 2, 3, 2."""
    a, b, c = 1 / 2, 1 / 6**0.5, 1 / 3
    wanted = torch.tensor([[a, b, 0], [b, c, b], [0, b, a]])
    assert both_ways(PATH).tolist() == [[0, 1, 1, 2], [1, 0, 2, 1]]
    assert torch.equal(both_ways(both_ways(PATH)), both_ways(PATH))
    torch.testing.assert_close(normalised_adjacency(both_ways(PATH), 3).to_dense(), wanted)
    alone = normalised_adjacency(torch.zeros(2, 0, dtype=torch.int64), 2)
    assert torch.equal(alone.to_dense(), torch.eye(2))


def test_weights_count_as_in_the_dense_formula() -> None:
    dense = random_graph(7, 0) * 2.5
    edges = dense.nonzero().t()
    with_self = dense + torch.eye(7)
    root = with_self.sum(1).rsqrt()
    got = normalised_adjacency(edges, 7, dense[tuple(edges)])
    torch.testing.assert_close(got.to_dense(), root[:, None] * with_self * root, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("batch", [(), (4,)])
def test_graph_convolution_is_the_dense_formula(batch: tuple[int, ...], where: torch.device) -> None:
    """Outputs and gradients of Â relu(Â X W + b) W' + b', sparse, for layers that narrow and widen."""
    network = GCN(width=3, outputs=6).build((7, 5), seeded(0)).double().to(where)
    edges = random_graph(7, 1).nonzero().t()
    sparse = normalised_adjacency(edges, 7, torch.ones(edges.shape[1], dtype=torch.float64)).to(where)
    dense, x = sparse.to_dense(), random(*batch, 7, 5, seed=2).to(where).requires_grad_()
    (w, b), (w2, b2) = ((layer.weight.t(), layer.bias) for layer in network.layers)
    by_hand = dense @ torch.relu(dense @ x @ w + b) @ w2 + b2
    wanted = torch.autograd.grad((by_hand**2).sum(), [x, *network.parameters()])
    for adjacency in (sparse, dense):
        output = network(x, adjacency)
        torch.testing.assert_close(output, by_hand, rtol=1e-11, atol=1e-11)
        found = torch.autograd.grad((output**2).sum(), [x, *network.parameters()])
        for mine, its in zip(found, wanted, strict=True):
            torch.testing.assert_close(mine, its, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("gather", ["sum", "mean"])
def test_a_message_is_what_its_formula_says(gather: str) -> None:
    """One round, node by node and neighbour by neighbour."""
    network = MessagePassing(6, 1, edges=2, gather=gather).build((5, 3), seeded(0)).double()  # type: ignore[arg-type]
    x, adjacency, edges = random(1, 5, 3, seed=1), random_graph(5, 2)[None], random(1, 5, 5, 2, seed=3)
    h, output = network.embed(x)[0], network(x, adjacency, edges)[0]
    for i in range(5):
        total, weight = torch.zeros(6, dtype=torch.float64), 0.0
        for j in range(5):
            if adjacency[0, i, j]:
                said = network.receiver[0](h[i]) + network.sender[0](h[j]) + network.edge[0](edges[0, i, j])
                total, weight = total + network.message[0](torch.relu(said)), weight + 1.0
        if gather == "mean":
            total = total / max(weight, 1.0)
        change = network.update[0](torch.relu(network.hidden[0](torch.cat((h[i], total)))))
        torch.testing.assert_close(output[i], h[i] + change, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("gather", ["sum", "mean"])
def test_names_of_nodes_and_padding_are_moot(gather: str, where: torch.device) -> None:
    network = MessagePassing(6, 2, gather=gather).build((5, 3), seeded(0)).double().to(where)  # type: ignore[arg-type]
    x, adjacency = random(2, 5, 3, seed=1).to(where), torch.stack([random_graph(5, 2), random_graph(5, 3)]).to(where)
    output, order = network(x, adjacency), torch.tensor([3, 0, 4, 1, 2], device=where)
    renamed = network(x[:, order], adjacency[:, order][:, :, order])
    torch.testing.assert_close(renamed, output[:, order], rtol=1e-11, atol=1e-11)
    padded_x = torch.cat((x, torch.full((2, 2, 3), 1e3, dtype=torch.float64, device=where)), dim=1).requires_grad_()
    padded = network(padded_x, torch.nn.functional.pad(adjacency, (0, 2, 0, 2)))
    torch.testing.assert_close(padded[:, :5], output, rtol=1e-11, atol=1e-11)
    (gradient,) = torch.autograd.grad(padded[:, :5].sum(), padded_x)
    assert not gradient[:, 5:].any()


def test_the_generators_alone_decide() -> None:
    before = torch.get_rng_state()
    adjacency = normalised_adjacency(both_ways(PATH), 3)
    for spec, given in ((GCN(dropout=0.5), adjacency), (MessagePassing(8, dropout=0.5), adjacency.to_dense()[None])):
        network, same = spec.build((3, 4), seeded(0)), spec.build((3, 4), seeded(0))
        x, outputs = torch.ones(*([1] if given.ndim == 3 else []), 3, 4), []
        for module, seed in ((network, 1), (same, 1), (network, 2)):
            supply(module, seeded(seed))
            outputs.append(module(x, given))
        assert torch.equal(outputs[0], outputs[1])
        assert not torch.equal(outputs[0], outputs[2])
    assert torch.equal(before, torch.get_rng_state())


def test_wrong_input_is_one_clear_line() -> None:
    with pytest.raises(UserError, match="outside the nodes 0…1"):
        normalised_adjacency(PATH, 2)
    with pytest.raises(UserError, match="weights must be 2 numbers, none below 0"):
        normalised_adjacency(PATH, 3, torch.tensor([1.0, -1.0]))
    with pytest.raises(UserError, match=r"edges must be int64 of shape \(2, edges\)"):
        normalised_adjacency(PATH.float(), 3)
    with pytest.raises(UserError, match=r"takes \(nodes, 4\) and an adjacency"):
        GCN().build((3, 4), seeded(0))(torch.zeros(3, 5), torch.eye(3))
    network = MessagePassing(8).build((3, 4), seeded(0))
    with pytest.raises(UserError, match=r"adjacency must have shape \(1, 3, 3\), not \(3, 3\)"):
        network(torch.zeros(1, 3, 4), torch.eye(3))
    with pytest.raises(UserError, match="edges=0"):
        network(torch.zeros(1, 3, 4), torch.eye(3)[None], torch.zeros(1, 3, 3, 2))
    with pytest.raises(UserError, match="gather must be one of sum, mean"):
        MessagePassing(gather="max")  # type: ignore[arg-type]
