"""Table learners: one compiled loop, a file for each learner."""
