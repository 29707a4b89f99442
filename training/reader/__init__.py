"""The plate reader's training: data, network, training, export, evaluation."""
