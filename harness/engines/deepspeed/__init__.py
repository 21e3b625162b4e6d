"""Training on several processes with DeepSpeed: `start` joins them, `DeepSpeedEngine` trains a model in them."""
