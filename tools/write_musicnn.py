"""Write the ONNX file of the feature `musicnn` from the weights of the Python package of that name.

    pip install --no-deps --target DIR musicnn==0.1.0
    python -m tools DIR/musicnn genre/features/musicnn.onnx

The package itself needs TensorFlow 1, so it is not installed beside ours. Its weights are read.
"""

from collections.abc import Sequence
from pathlib import Path

from genre import cli
from genre.errors import GenreError
from genre.files import replacing, sha256

DATA = ".data-00000-of-00001"  # the file of a checkpoint that holds the weights
# The SHA-256 of that file, by the folder of the package that holds it.
CHECKPOINTS = {
    "MSD_musicnn": "8579734ee6388f799ed0def4bbd0d1fdcbeaf213ef2a9dc860917bd76a303de6",
    "MSD_vgg": "9683d756b8311146534f333502ebf4a2a78a3e320c54ab0411dff6186d8375fc",
}


def check(package: Path) -> None:
    """Raise GenreError where a folder is not the package with the weights that we know."""
    for name, digest in CHECKPOINTS.items():
        path = package / name / DATA
        if not path.is_file():
            raise GenreError(f"{path}: no such file; name the folder of the package musicnn 0.1.0")
        if sha256(path) != digest:
            raise GenreError(f"{path}: not the weights of musicnn 0.1.0; install the package again")


def main(argv: Sequence[str] | None = None) -> int:
    parser = cli.parser(__doc__)
    parser.add_argument("package", type=Path, metavar="DIR", help="folder of the package musicnn")
    parser.add_argument("output", type=Path, metavar="FILE", help="ONNX file to write")
    arguments = parser.parse_args(argv)
    check(arguments.package)

    from tools import musicnn_networks as networks

    weights = [networks.read_weights(arguments.package / name) for name in CHECKPOINTS]
    with replacing(arguments.output) as unfinished:
        networks.write(networks.front_end(*weights), unfinished)
    print(f"front end of musicnn in {arguments.output}, SHA-256 {sha256(arguments.output)}")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
