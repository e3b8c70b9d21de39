"""What samples look like: pictures and text by the form of a data set."""
