"""Learners with networks of torch: populations of seeds, trained as one. What is where:

- what people call: `dqn` (the face), `config` (settings), `callbacks`, `logger` (TensorBoard), `storing` (files);
- what learns: `population` (the algorithm), `targets` and `objective` (its equations), `network`, `exploration`,
  `newest` (instead of a replay buffer), `quick` and its `kernels` (perceptrons on the CPU, without autograd);
- where it lives: `living` (the protocol), `finite` and `open` (its two kinds), `seeing` (from observations to what a
  network takes), `tally` (returns and lengths), `plain_data` (snapshots of environments);
- one learner: `body` (a population of one, or what is left of it in a file), `learning` (`learn`), `evaluating`;
- many seeds in the lab: `trial`, `judges` (what policies are worth), `actor` (stored networks, acting again);
- measured: `studies`, `bench`, `bench_peers`.
"""
