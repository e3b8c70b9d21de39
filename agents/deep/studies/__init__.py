"""Studies of deep learners: the group "deep" of `daedalus reproduce`."""
