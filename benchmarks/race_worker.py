"""A build's whycam_plan_worker, as races drive it: it explains one input once for each turn, and says the seconds."""
import shlex
import subprocess
import sys

# Both sides of a race keep freed memory, since giving it back and fetching it again hits both at random.
MALLOC = {"MALLOC_TRIM_THRESHOLD_": "4294967296", "MALLOC_MMAP_THRESHOLD_": "4294967296"}


class Worker:
    def __init__(self, command, arguments, threads):
        settings = [f"{name}={value}" for name, value in {**MALLOC, "OMP_NUM_THREADS": threads}.items()]
        # Through env, as a command that changes the root may drop the environment.
        words = shlex.split(command)
        self.process = subprocess.Popen([*words[:-1], "env", *settings, words[-1], *arguments],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        word, _, self.first = self.process.stdout.readline().strip().partition(" ")
        if word != "ready":
            sys.exit(f"the worker failed: {command}")

    def take_turn(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait()
