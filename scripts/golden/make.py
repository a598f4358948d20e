"""Makes all golden values: python scripts/golden/make.py [--smollm2 MODEL.gguf]. See README.md."""

import argparse

import architectures
import classification
import optimizers
import quantisations
import smollm2
import tensorboard_events
import tiny_llama
from golden_file import FOLDER


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smollm2", metavar="MODEL.gguf", help="also train SmolLM2-135M-Instruct.Q4_1.gguf itself")
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    tiny_llama.main()
    architectures.main()
    optimizers.main()
    quantisations.main()
    classification.main()
    tensorboard_events.main()
    if arguments.smollm2:
        smollm2.main(arguments.smollm2)


if __name__ == "__main__":
    main()
