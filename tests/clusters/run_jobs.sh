#!/bin/sh
# Explains 200 pictures by the job scripts of examples/clusters under a real scheduler, and compares every file with what
# one process writes: run_jobs.sh Slurm|OpenMpi FOLDER-OF-THE-COMMAND SOURCE
set -eu
scheduler="$1" command="$2" source="$3"
PATH="$command:/usr/sbin:$PATH" OMP_WAIT_POLICY=passive
export PATH OMP_WAIT_POLICY
folder="$(mktemp -d)"
stop() { :; }
trap 'stop; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

need() {  # PROGRAM ...
  for program; do
    command -v "$program" >/dev/null || { echo "skipped: no $program"; exit 77; }
  done
}

fail() {
  echo "$*"
  tail -n 8 "$folder"/*.log "$folder"/work/*.out 2>/dev/null || true
  exit 1
}

comes() {  # SECONDS CONDITION...
  left=$(($1 * 20))
  shift
  until "$@"; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || return 1
    sleep 0.05
  done
}

wait_for() { comes "$@" || fail "waited in vain: $*"; }

lines_in() { cat "$1" 2>/dev/null | wc -l; }

prepare() {
  mkdir -p "$folder/work/photos"
  cd "$folder/work"
  cp "$source/tests/plain/network.onnx" .
  for i in $(seq 50); do
    mkdir -p "photos/$((i % 7))"
    for picture in "$source"/examples/shapes/pictures/*.png; do cp "$picture" "photos/$((i % 7))/$i-${picture##*/}"; done
  done
  whycam explain network.onnx photos --recursive --output-dir one --threads 1 --quiet
}

# All pictures and maps are there, with the same bytes, and nothing is told of twice.
compare() {
  (cd one && find . -type f ! -name 'manifest*' ! -name 'explanation*.json' ! -name '.*' | sort) >"$folder/expected"
  (cd maps && find . -type f ! -name 'manifest*' ! -name 'explanation*.json' ! -name '.*' ! -name 'report.html' ! -name 'table.*' | sort) >"$folder/actual"
  diff "$folder/expected" "$folder/actual" || fail "there are other files"
  while read -r file; do cmp "one/$file" "maps/$file" || fail "another content"; done <"$folder/expected"
  [ "$(cat maps/manifest-*-of-16.jsonl | wc -l)" = 200 ] || fail "the manifests have not 200 lines"
  [ "$(find maps -name 'manifest-*-of-16.jsonl' | wc -l)" = 16 ] || fail "there are not sixteen manifests"
  whycam report maps --json | grep -q '"explained": *200' || fail "the report does not tell of 200"
  echo "$1: as one process"
  rm -r maps
}

# Four nodes of 16 processors each, all of them this machine.
start_slurm() {
  need munged slurmctld slurmd sbatch srun squeue scontrol scancel sinfo pgrep
  host="$(hostname -s)" port=$((20000 + $$ % 20000))
  SLURM_CONF="$folder/slurm.conf"
  export SLURM_CONF
  mkdir "$folder/state"
  dd if=/dev/urandom of="$folder/munge.key" bs=1024 count=1 2>/dev/null
  chmod 400 "$folder/munge.key"
  chmod 755 "$folder"
  cat >"$SLURM_CONF" <<CONF
ClusterName=whycam
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
SlurmctldPort=$port
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool-%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,batch_sched_delay=0
ReturnToService=2
JobRequeue=1
MinJobAge=3600
NodeName=node[1-4] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + 4))] CPUs=16 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
  munged --force --foreground --socket="$folder/munge.socket" --key-file="$folder/munge.key" --pid-file="$folder/munged.pid" \
    --log-file="$folder/munged.log" --seed-file="$folder/munge.seed" 2>"$folder/munge.log" &
  daemons="$!"
  stop() { kill $daemons 2>/dev/null || true; wait; }
  comes 20 test -S "$folder/munge.socket" || { echo "skipped: munged does not start here"; exit 77; }
  slurmctld -D >"$folder/slurmctld.log" 2>&1 &
  daemons="$daemons $!"
  for node in 1 2 3 4; do
    slurmd -D -N "node$node" >"$folder/slurmd-$node.log" 2>&1 &
    daemons="$daemons $!"
  done
  comes 60 nodes_are_idle || { echo "skipped: Slurm does not start here"; exit 77; }
}
nodes_are_idle() { [ "$(sinfo -h -N -t idle -o %N 2>/dev/null | wc -l)" = 4 ]; }
has_ended() { [ -z "$(squeue -h -j "$1" -t pending,running,completing,configuring,suspended 2>/dev/null)" ]; }
ended_well() { ! scontrol -o show job "$1" | grep -qv 'JobState=COMPLETED'; }

find_task() {  # TASK: sets process, if the task has started
  for process in $(pgrep -x whycam); do
    ! grep -qsz "^SLURM_ARRAY_TASK_ID=$1\$" "/proc/$process/environ" || return 0
  done
  return 1
}

# Lets the task run for a moment at a time, for Slurm needs longer than the task to kill it.
run_until_first_picture() {
  kill -CONT "$process" || return 0
  sleep 0.005
  kill -STOP "$process" || return 0
  test -s "$share"
}

submit() { sbatch --parsable "$source/examples/clusters/$1.sbatch"; }
finish() {  # JOB
  wait_for 240 has_ended "$1"
  ended_well "$1" || fail "$(scontrol show job "$1")"
}

run_slurm() {
  start_slurm
  prepare

  job="$(submit array)"
  finish "$job"
  compare "an array"

  job="$(submit srun)"
  finish "$job"
  compare "a step of sixteen tasks"

  # One task, that of the largest shard, is killed as soon as it has told of a picture, and submitted again.
  task=14 share="$folder/work/maps/manifest-15-of-16.jsonl"
  for attempt in 1 2 3; do
    job="$(submit array)"
    wait_for 120 find_task "$task"
    wait_for 120 run_until_first_picture
    scancel --signal=KILL --full "${job}_$task"
    wait_for 60 has_ended "${job}_$task"
    done_before="$(lines_in "$share")"
    ! ended_well "${job}_$task" || { wait_for 240 has_ended "$job"; rm -r maps; continue; }  # too late
    scontrol requeue "${job}_$task"
    finish "$job"
    done_after="$(lines_in "$share")"
    [ "$done_after" -ge "$done_before" ] || fail "the second attempt lost what the first one had done"
    compare "an array with a task that was killed after $done_before of $done_after pictures, at attempt $attempt"
    [ "$done_after" -eq "$done_before" ] || return 0
  done
  echo "each attempt had told of its last picture before it was killed: nothing was left to a second one"
}

run_open_mpi() {
  need mpirun
  mpirun --version | grep -q 'Open MPI' || { echo "skipped: mpirun is not Open MPI's"; exit 77; }
  prepare
  # More processes than cores, by any user: Open MPI 4's names and those of 5.
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 \
    PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
  mpirun -n 16 true 2>/dev/null || { echo "skipped: mpirun starts no 16 processes here"; exit 77; }
  sh "$source/examples/clusters/mpi.sh" >"$folder/mpi.log" 2>&1 || fail "mpirun ends with $?"
  compare "an MPI job"
}

case "$scheduler" in
  Slurm) run_slurm ;;
  OpenMpi) run_open_mpi ;;
esac
