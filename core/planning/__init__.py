"""Exact solutions of finite MDPs: optimal, within a time limit, ε-soft, and of any given policy."""
