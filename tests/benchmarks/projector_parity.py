"""Our projectors against numpy's SVD of explicit patches.

`python -m tests.benchmarks.projector_parity`
"""

from __future__ import annotations

from tests.layer_cases import CASES, projector_differences


def main() -> None:
    """Print the largest difference per layer and over all of them."""
    worst = 0.0
    for case in CASES:
        for channels_last in (False, True) if len(case.shape) == 3 else (False,):
            found = list(projector_differences(case, channels_last))
            largest = max(difference for _, difference in found)
            worst = max(worst, largest)
            cuts = ", ".join(sorted({f"{energy_threshold:.4f}" for energy_threshold, _ in found}))
            name = f"{case.name}{' channels-last' if channels_last else ''}"
            print(f"{name:46} {largest:8.1e}   γ = {cuts}")
    print(f"{'largest of all':46} {worst:8.1e}")


if __name__ == "__main__":
    main()
