# shellcheck shell=bash
# What deploy/run and tests/run share: how they speak, how they start and end other programs, and how a build
# directory comes to be. Sourced, not run; the sourcing script sets `root` to the top of the checkout.

# shellcheck source=deploy/packages.sh
source "$root/deploy/packages.sh"

# Says in German, then in English, what happens now.
say() { printf '== %s\n   %s\n' "$1" "$2" >&2; }

# die GERMAN ENGLISH [STATUS]: says why and ends the script.
die() {
  printf '!! %s\n   %s\n' "$1" "$2" >&2
  exit "${3:-1}"
}

# ---------------------------------------------------------------- children
# Every program that may run for long is a child with a session of its own: Ctrl-C reaches it once, from here,
# and what it has started itself is ended with it, by the process group that carries its id. Should this
# script be killed outright, the child is told to end too.
children=()

# child_start COMMAND …: sets `child` to its process id.
child_start() {
  setsid env --default-signal=INT,QUIT setpriv --pdeathsig TERM "$@" &
  child=$!
  children+=("$child")
}

# child_wait ID: waits for its end and returns its status.
child_wait() {
  local status=0 other rest=()
  wait "$1" || status=$?
  for other in "${children[@]}"; do if [[ $other != "$1" ]]; then rest+=("$other"); fi; done
  children=("${rest[@]}")
  return "$status"
}

child_run() {
  child_start "$@"
  child_wait "$child"
}

# child_end ID: asks for a graceful end, and after half a minute no longer asks.
child_end() {
  local tenths
  kill -INT -- "-$1" 2>/dev/null || true
  for ((tenths = 0; tenths < 300; ++tenths)); do
    kill -0 -- "-$1" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL -- "-$1" 2>/dev/null || true
  child_wait "$1"
}

# Ends what was started, the last first, for it may speak to those before it; then calls `at_exit`, where the
# sourcing script has one.
children_end() {
  local status=$?
  trap '' INT TERM HUP
  while ((${#children[@]})); do child_end "${children[-1]}" || true; done
  if declare -F at_exit >/dev/null; then at_exit; fi
  exit "$status"
}
trap children_end EXIT
stop_for() {
  say "Beende auf $1, was gestartet wurde" "ending what was started, because of $1"
  exit "$2"
}
trap 'stop_for SIGINT 130' INT
trap 'stop_for SIGTERM 143' TERM
trap 'stop_for SIGHUP 129' HUP

# ---------------------------------------------------------------- ports
# free_port: sets `port` to a free one of this machine, another one at each call. Below the ports that Linux
# gives to outgoing connections, so that it is still free after a restart.
chosen=' '
free_port() {
  local tries
  for ((tries = 0; tries < 200; ++tries)); do
    port=$((20000 + RANDOM % 12000))
    if [[ $chosen != *" $port "* ]] && ! (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      chosen+="$port "
      return 0
    fi
  done
  die "Es ist kein Port frei." "No port is free."
}

# ---------------------------------------------------------------- building
# How many compilers may run at once: one per core, but each of them needs up to 1.5 GB.
build_jobs() {
  local cores memory_mb by_memory
  cores=$(nproc)
  memory_mb=$(awk '/^MemAvailable:/ {print int($2 / 1024)}' /proc/meminfo)
  by_memory=$((memory_mb / 1500))
  if ((by_memory < 1)); then by_memory=1; fi
  echo $((cores < by_memory ? cores : by_memory))
}

# build_targets DIRECTORY KIND TESTS [TARGET …]: configures DIRECTORY when it is new or of another kind, then
# lets ninja build what is out of date. With nothing to do it takes a fraction of a second.
build_targets() {
  local directory=$1 kind=$2 tests=$3
  shift 3
  local cache=$directory/CMakeCache.txt
  if [[ ! -f $directory/build.ninja ]] ||
    ! grep -qx "GELEIT_BUILD:STRING=$kind" "$cache" ||
    { [[ $tests == ON ]] && ! grep -qx 'GELEIT_TESTS:BOOL=ON' "$cache"; }; then
    child_run cmake -S "$root" -B "$directory" -G Ninja \
      -DGELEIT_BUILD="$kind" -DGELEIT_TESTS="$tests" || return
  fi
  if ninja -C "$directory" -n "$@" 2>&1 | grep -q 'no work to do'; then return 0; fi
  child_run ninja -C "$directory" -j "$(build_jobs)" "$@"
}
