"""What comes out: gains with intervals, a sentence, a page, a model."""
