#!/usr/bin/env bash
# The dashboard's sources become the files that the program carries. For CMake and for tests/run:
#   deploy/dashboard.sh build DIR   npm ci where the lock file has changed, then Vite, packed, into DIR
#   deploy/dashboard.sh check       types, style and the tests of its logic
#   deploy/dashboard.sh node FILE … a script in that Node
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=deploy/node.sh
source "$root/deploy/node.sh"

# Two builds at once (tests/run has them) share node_modules.
mkdir -p -- "$root/build"
exec {lock}>"$root/build/dashboard.lock"

install_modules() {
  local stamp=node_modules/.lock.sha256 wanted
  wanted=$(sha256sum <package-lock.json)
  if [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then return 0; fi
  npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
  printf '%s\n' "$wanted" >"$stamp"
}

node_ensure
cd -- "$root/services/dashboard"
flock "$lock"
install_modules
case ${1-} in
  build) node node_modules/vite/bin/vite.js build --logLevel warn --emptyOutDir --outDir "$2" ;;
  check)
    npm run --silent types >/dev/null
    flock --unlock "$lock"
    npm run --silent check
    npm run --silent test ;;
  node)
    flock --unlock "$lock"
    shift
    cd -- "$OLDPWD"
    exec node "$@" ;;
  *) sed -n '2,5s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
