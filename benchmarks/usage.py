"""Run a Python process and print as JSON what it took: seconds, CPU seconds, peak memory in MiB.

    python -m benchmarks.usage output.txt predict.py song.mp3

The stdout of the process goes to the file that is named first. On Linux the peak of a process
counts what its parent held when it started it. So this parent is small: it imports nothing else.
"""

import json
import resource
import subprocess
import sys
import time


def main() -> int:
    output, *command = sys.argv[1:]
    with open(output, "wb") as stdout:
        started = time.perf_counter()
        status = subprocess.call([sys.executable, *command], stdout=stdout)
        seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)  # of the largest process, for the peak
    usage = {
        "seconds": seconds,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss / 1024,
    }
    print(json.dumps(usage))
    return status


if __name__ == "__main__":
    sys.exit(main())
