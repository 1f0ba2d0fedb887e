# shellcheck shell=bash
# What start, stop and tool know of a cluster in a directory; the sourcing script sets `dir`.
#   DIR/cluster                 how many brokers, of which version, the cluster's id, whether it is secure
#   DIR/N/server.properties     the settings of broker N, its ports among them
#   DIR/N/log, DIR/N/out        its data and what it says
#   DIR/N/pid                   its process, while it runs
#   DIR/client                  where it is secure: what a client needs (secure.sh)

# Where the artifacts of a version lie once they have been fetched; what other artifacts are wanted lies
# elsewhere, for brokers may be running from these.
jars_of() {
  local wanted
  wanted=$(sha256sum <"$root/deploy/kafka/pom.xml")
  printf '%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}/geleit/kafka-$1-${wanted:0:8}"
}

cluster_value() { sed -n "s/^$1 //p" -- "$dir/cluster"; }

# The port for clients, which stands last.
broker_port() { sed -nE 's/^advertised\.listeners=.*:([0-9]+)$/\1/p' -- "$dir/$1/server.properties"; }

# Prints the process id of broker N. 1: it does not run; the id of a process may be another's by now.
broker_pid() {
  local pid
  [[ -f $dir/$1/pid ]] || return 1
  pid=$(<"$dir/$1/pid")
  tr "\0" "\n" 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF -- "$dir/$1/server.properties" || return 1
  printf '%s\n' "$pid"
}

# stop_broker N SIGNAL SECONDS: sends it, and KILL where it has not ended after that long.
stop_broker() {
  local pid tenths
  if pid=$(broker_pid "$1"); then
    kill -"$2" "$pid" 2>/dev/null || true
    for ((tenths = 0; tenths < 10 * $3; ++tenths)); do
      broker_pid "$1" >/dev/null || break
      sleep 0.1
    done
    if broker_pid "$1" >/dev/null; then kill -KILL "$pid" 2>/dev/null || true; fi
    while broker_pid "$1" >/dev/null; do sleep 0.05; done
  fi
  rm -f -- "$dir/$1/pid"
}
