"""Learners with networks of torch: populations of seeds, trained as one."""
