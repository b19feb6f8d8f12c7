"""The keys of `train`: what each recipe learns with."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from imgwatch.settings.section import Count, Positive, Section, Share
from imgwatch.settings.threshold import ThresholdRule


class DenseSettings(Section, frozen=True):
    """The dense autoencoder: flattened RGB picture, a small latent vector, and back."""

    size: Annotated[int, Meta(ge=8, le=1024)] = 128
    hidden: tuple[Count, ...] = (512, 128)
    latent: Count = 32
    epochs: Count = 20
    batch: Count = 32
    learning_rate: Positive = 1e-3
    held_out: Share = 0.2
    validation: Share = 0.1
    threshold: ThresholdRule = ThresholdRule(mean_plus_std=0.5)


class ConvSettings(Section, frozen=True):
    """The convolutional autoencoder: grey picture, dropout, augmentation, trained subset by subset."""

    size: Annotated[int, Meta(ge=16, le=1024)] = 224
    filters: tuple[Count, ...] = (16, 32, 64, 64)
    latent: Count = 32
    dropout: Annotated[float, Meta(ge=0, lt=1)] = 0.2
    augment: bool = True
    subsets: Count = 10
    subset_pictures: Count = 1000
    misbehaving: Path | None = None
    misbehaving_per_subset: Count = 50
    epochs: Count = 10
    batch: Count = 64
    learning_rate: Positive = 1e-3
    patience: Count = 3
    held_out: Share = 0.2
    validation: Share = 0.1
    threshold: ThresholdRule = ThresholdRule(false_alarms=0.01)


class PerceptualSettings(Section, frozen=True):
    """The default: experts over the statistics of a frozen image encoder.

    `backbone`: another encoder than ours; `pseudo_junk`: how many pictures of it are drawn, a third more harmless;
    `most_pictures`: a larger folder is learned from a sample of so many, so that memory stays bounded;
    `hidden` and `latent`: units of the autoencoders; `epochs`: passes over the folder, 1,000 steps at most.
    """

    backbone: Path | None = None
    pseudo_junk: Count = 1440
    most_pictures: Count = 10_000
    hidden: Count = 192
    latent: Count = 64
    epochs: Count = 40
    threshold: ThresholdRule = ThresholdRule(false_alarms=0.01)


class TrainSettings(Section, frozen=True):
    """How `imgwatch train` learns."""

    architecture: Literal["perceptual", "dense", "conv"] = "perceptual"
    seed: Annotated[int, Meta(ge=0, lt=2**31)] = 0
    workers: Count = 2
    dense: DenseSettings = DenseSettings()
    conv: ConvSettings = ConvSettings()
    perceptual: PerceptualSettings = PerceptualSettings()
