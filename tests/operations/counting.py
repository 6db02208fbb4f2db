"""A command in small, for the tests of metrics and health: serves, starts a process that counts, does as it is told.

Prints the address, then obeys: `turned PART`, `away SERVER`, `back SERVER`, `count STEP`, `child STEP` (that counts),
`kill` (the children).
"""

import multiprocessing
import sys
import time

from stream import health, metrics


def count(step: str) -> None:
    """What a worker's process does."""
    metrics.batch(step, 3, 0.02)
    metrics.lag(step, 7)
    metrics.turned(step)
    time.sleep(300)


def main() -> None:
    children = []
    with health.serving(sys.argv[1:]) as address:
        print(address, flush=True)
        for line in sys.stdin:
            match line.split():
                case ["child", step]:
                    process = multiprocessing.get_context("spawn").Process(target=count, args=(step,), daemon=True)
                    process.start()
                    children.append(process)
                case ["kill"]:
                    for process in children:
                        process.kill()
                        process.join()
                case ["turned", part]:
                    metrics.turned(part)
                case ["away", server]:
                    metrics.outage(server, True)  # type: ignore[arg-type]
                case ["back", server]:
                    metrics.outage(server, False)  # type: ignore[arg-type]
                case ["count", step]:
                    metrics.batch(step, 2, 0.02)
            print("done", flush=True)


if __name__ == "__main__":
    main()
