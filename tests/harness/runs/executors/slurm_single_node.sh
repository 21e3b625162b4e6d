#!/usr/bin/env bash
# A SLURM of one node on this machine, as root, without systemd, cgroups and accounting: for tests.
#   slurm_single_node.sh start FOLDER PORT    keys, logs and state go to FOLDER; takes PORT and PORT+1
#   slurm_single_node.sh stop FOLDER
# Debian: apt-get install slurmctld slurmd munge slurm-client.  Then SLURM_CONF=FOLDER/slurm.conf sbatch ...
set -euo pipefail

folder=$2

stop() {
    for name in slurmd slurmctld munged; do
        [ -f "$folder/$name.pid" ] || continue
        pid=$(cat "$folder/$name.pid")
        kill "$pid" 2>/dev/null || true
        for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    done
}

start() {
    port=$3
    mkdir -p "$folder"/{state,spool}
    chmod 755 "$folder"
    head -c 1024 /dev/urandom >"$folder/munge.key"
    chmod 400 "$folder/munge.key"
    # No group lookups: on a machine of many users they take long.
    munged --force --num-threads=1 --group-update-time=-1 --socket="$folder/munge.socket" --key-file="$folder/munge.key" \
        --log-file="$folder/munged.log" --pid-file="$folder/munged.pid" --seed-file="$folder/munge.seed"
    cat >"$folder/slurm.conf" <<CONF
ClusterName=rlvr-bench-test
SlurmctldHost=$(hostname)(127.0.0.1)
SlurmUser=root
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
KillWait=30
NodeName=$(hostname) NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
    export SLURM_CONF="$folder/slurm.conf"
    slurmctld -c
    slurmd
    for _ in $(seq 100); do
        [ "$(sinfo --noheader --format %t 2>/dev/null)" = idle ] && return
        sleep 0.2
    done
    echo "the node does not come up; see $folder/*.log" >&2
    stop
    exit 1
}

case $1 in
    start) start "$@" ;;
    stop) stop ;;
esac
