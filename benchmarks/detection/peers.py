"""Score with a detector of PyOD; runs in the peers' environment and knows nothing of imgwatch."""

import sys
from pathlib import Path

import numpy as np
from pyod.models.ecod import ECOD
from pyod.models.iforest import IForest

method, seed, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
features = np.load(folder / "in.npz")
detector = IForest(random_state=seed) if method == "iforest" else ECOD()
detector.fit(features["train"])
np.save(folder / "out.npy", detector.decision_function(features["test"]))
