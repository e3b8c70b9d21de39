"""The lab: experiments, the run store, statistics, reports and the command line."""
