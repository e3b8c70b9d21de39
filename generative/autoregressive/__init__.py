"""Models of images and bits, one after the other: MADE, PixelCNN, PixelRNN."""
