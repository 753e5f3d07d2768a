"""Training data: sources of photographs, a corpus of inspected photographs, and samples from it.

May import: training.recipe, colorizer.
Imported by: training.measure, training.loop, training.export.
"""

from training.data.corpus import Corpus, open_corpus
from training.data.samples import Samples, batches_of, load_samples
from training.data.sources import Source, open_source

__all__ = ["Corpus", "Samples", "Source", "batches_of", "load_samples", "open_corpus", "open_source"]
