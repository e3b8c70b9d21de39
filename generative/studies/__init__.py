"""Studies of models: the group "models" of `daedalus reproduce`."""
