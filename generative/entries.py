"""What this floor announces: data sets, sequence and generative models, and worlds that they make."""

from daedalus.core.catalogue import Entry

_D = "daedalus.generative.data"
_DENSE = ("density", "sampling", "reconstruction")
_IMAGES = ("classification", *_DENSE)
_TEXT = ("sequence", "masked")
_MADE, _FETCHED, _TASKS = "Made here", "Fetched with a checksum, or from --data-dir", "Tasks for sequence models"

DATA = (
    Entry("data", "mazes", f"{_D}.mazes:mazes", "mazes as edge bits or tiles, without end", _DENSE, family=_MADE),
    Entry("data", "frames", f"{_D}.frames:frames", "pictures of any world", _DENSE, family=_MADE),
    Entry(
        "data", "trajectories", f"{_D}.trajectories:trajectories", "what happens in any world", _TEXT, family=_MADE
    ),
    Entry("data", "gaussians", f"{_D}.toys:gaussians", "eight Gaussians on a ring", _DENSE, family=_MADE),
    Entry("data", "spiral", f"{_D}.toys:spiral", "points along a spiral", _DENSE, family=_MADE),
    Entry("data", "mnist", f"{_D}.images:mnist", "28×28 handwritten digits", _IMAGES, family=_FETCHED),
    Entry("data", "shakespeare", f"{_D}.text:shakespeare", "plays of Shakespeare, 1.1 MB", _TEXT, family=_FETCHED),
    Entry("data", "names", f"{_D}.text:names", "32,033 first names", _TEXT, family=_FETCHED),
    Entry("data", "adding", f"{_D}.tasks:adding", "the sum of two marked numbers", ("regression",), family=_TASKS),
    Entry("data", "copy", f"{_D}.tasks:copy", "ten symbols to be said again later", ("tagging",), family=_TASKS),
    Entry("data", "reversal", f"{_D}.tasks:reversal", "symbols said backwards", _TEXT, family=_TASKS),
)  # fmt: skip


def _model(name: str, target: str, summary: str, suits: tuple[str, ...], family: str) -> Entry:
    return Entry("model", name, f"daedalus.generative.{target}", summary, suits, "fit", 1, family)


_NEXT = ("sequence", "tagging", "density", "sampling", "regression")
_S, _L, _A, _G, _F = "Sequence models", "Latent", "Autoregressive", "Adversarial", "Diffusion"

MODELS = (
    _model("ngram", "sequence.ngram:NGram", "n-grams, Witten–Bell smoothing", ("sequence", "density", "sampling"), _S),
    _model("bag_of_words", "sequence.words:BagOfWords", "the mean of what came before", _NEXT, _S),
    _model("rnn", "sequence.recurrent:RNN", "vanilla recurrent network", _NEXT, _S),
    _model("lstm", "sequence.recurrent:LSTM", "long short-term memory", _NEXT, _S),
    _model("gru", "sequence.recurrent:GRU", "gated recurrent units", _NEXT, _S),
    _model("tcn", "sequence.tcn:TCN", "temporal convolutions", _NEXT, _S),
    _model("gpt", "sequence.gpt:GPT", "causal Transformer", _NEXT, _S),
    _model("bert", "sequence.bert:BERT", "masked Transformer", ("masked",), _S),
    _model("autoencoder", "latent.autoencoder:Autoencoder", "encoder and decoder", ("reconstruction",), _L),
    _model("vae", "latent.vae:VAE", "variational autoencoder", _DENSE, _L),
    _model("beta_vae", "latent.vae:BetaVAE", "β-VAE", _DENSE, _L),
    _model("iwae", "latent.vae:IWAE", "importance-weighted autoencoder", _DENSE, _L),
    _model("conditional_vae", "latent.conditional:ConditionalVAE", "VAE of each class", _DENSE, _L),
    _model("vq_vae", "latent.vq_vae:VQVAE", "vector-quantised autoencoder", _DENSE, _L),
    _model("made", "autoregressive.made:MADE", "masked autoencoder", ("density", "sampling"), _A),
    _model("pixelcnn", "autoregressive.pixelcnn:PixelCNN", "gated PixelCNN", ("density", "sampling"), _A),
    _model("pixelrnn", "autoregressive.pixelrnn:PixelRNN", "row LSTM", ("density", "sampling"), _A),
    _model("gan", "adversarial.gan:GAN", "generative adversarial network", ("sampling",), _G),
    _model("dcgan", "adversarial.dcgan:DCGAN", "GAN of convolutions", ("sampling",), _G),
    _model("wgan", "adversarial.wgan:WGAN", "Wasserstein GAN, clipped", ("sampling",), _G),
    _model("wgan_gp", "adversarial.wgan_gp:WGANGP", "Wasserstein GAN, gradient penalty", ("sampling",), _G),
    _model("conditional_gan", "adversarial.conditional_gan:ConditionalGAN", "GAN of each class", ("sampling",), _G),
    _model("ddpm", "diffusion.ddpm:DDPM", "denoising diffusion", ("density", "sampling"), _F),
)  # fmt: skip

SERVICES = (Entry("service", "show_samples", "daedalus.generative.showing.samples:shown", "what samples look like"),)

WORLDS = (
    Entry(
        "world",
        "daedalus/GeneratedMaze-v0",
        "daedalus.generative.generated_maze:generated_maze",
        "mazes that a fitted model draws, tested on themselves or on real ones",
        ("finite",),
    ),
)

BENCH = (
    Entry("bench", "models", "daedalus.generative.bench:bench_models", "Tokens a second, trained on and generated."),
)


def _study(name: str, target: str, summary: str) -> Entry:
    return Entry("reproduction", name, f"daedalus.generative.studies.{target}", summary, ("models",))


STUDIES = (
    _study("plays", "text:plays", "Shakespeare by letter: n-grams, nanoGPT's recipe, and what beats them"),
    _study("first_names", "text:first_names", "Names by letter: n-grams, and networks that beat the best"),
    _study("adding_problem", "tasks:adding", "The adding problem: who remembers over 100 steps"),
    _study("copy_memory", "tasks:copying", "Copying ten symbols after a pause of 30 steps"),
    _study("reversal", "tasks:reversing", "Ten symbols said backwards: attention and a state"),
    _study("digits_in_bits", "images:digits", "Digits of 8×8 bits: four families against the best tree of pixels"),
    _study("mnist_in_bits", "images:mnist", "MNIST in bits: three families against the best tree of pixels"),
    _study("eight_gaussians", "gaussians:gaussians", "Eight Gaussians: a GAN that collapses, and WGAN-GP beside it"),
    _study(
        "maze_table", "mazes:maze_table", "What each family knows about mazes: nats above the floor, perfect shares"
    ),
)

CATALOGUE: tuple[Entry, ...] = (*DATA, *MODELS, *SERVICES, *WORLDS, *BENCH, *STUDIES)
