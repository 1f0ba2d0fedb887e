# shellcheck shell=bash
# `deploy/run --with-alertmanager`: an Alertmanager of its own for as long as Geleit runs. Sourced, after
# deploy/build.sh.

# alertmanager_start DIRECTORY: starts Debian's Alertmanager on loopback with the alertmanager.yml of
# deploy/prometheus, which tells nobody until receivers are put in. Sets alertmanager_url, and writes
# DIRECTORY/alert.toml, by which `geleit serve --config` sends there. What it keeps and says lies in
# DIRECTORY; it ends with this script.
alertmanager_start() {
  local dir=$1 attempt tenths
  # Between the choice of a port and its use somebody else may take it; then another one.
  for ((attempt = 0; attempt < 5; ++attempt)); do
    free_port
    alertmanager_url=http://127.0.0.1:$port
    child_start prometheus-alertmanager --config.file="$root/deploy/prometheus/alertmanager.yml" \
      --web.listen-address="127.0.0.1:$port" --web.external-url="$alertmanager_url" \
      --cluster.listen-address= --storage.path="$dir/alertmanager" </dev/null >"$dir/alertmanager.out" 2>&1
    alertmanager_pid=$child
    for ((tenths = 0; tenths < 300; ++tenths)); do
      if ! kill -0 "$alertmanager_pid" 2>/dev/null; then break; fi
      if curl -fsS --max-time 2 -o /dev/null "$alertmanager_url/-/ready" 2>/dev/null; then
        printf '[[alert.channel]]\nname = "alertmanager"\nkind = "alertmanager"\nurl = "%s"\n' \
          "$alertmanager_url" >"$dir/alert.toml"
        return 0
      fi
      sleep 0.1
    done
    child_end "$alertmanager_pid" || true
    if ! grep -q 'address already in use' "$dir/alertmanager.out"; then break; fi
  done
  cat -- "$dir/alertmanager.out" >&2
  die "Alertmanager ist nicht gestartet (siehe oben)." "Alertmanager did not start (see above)."
}
