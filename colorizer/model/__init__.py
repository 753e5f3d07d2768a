"""The colour model: from luma to colour, on tensors that represent pictures of any kind.

May import: colorizer's top-level values (settings, errors); no sibling package, and no library that reads media.
Imported by: colorizer.photo, colorizer.film, colorizer.engine, training.
"""

from colorizer.model.chroma import ChromaFit
from colorizer.model.colorist import Colorist
from colorizer.model.colour_model import ColourModel
from colorizer.model.decoding import Decoding
from colorizer.model.prediction import Prediction, read
from colorizer.model.predictor import Predictor
from colorizer.model.weights import WeightsCard, load_card, save_weights

__all__ = [
    "ChromaFit",
    "Colorist",
    "ColourModel",
    "Decoding",
    "Prediction",
    "Predictor",
    "WeightsCard",
    "load_card",
    "read",
    "save_weights",
]
