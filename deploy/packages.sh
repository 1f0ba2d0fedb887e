# shellcheck shell=bash
# Which Debian 12 packages Geleit needs, and how the missing ones get in. Sourced by deploy/build.sh.
# Two sets, so that a machine that only runs Geleit does not have to take the test tools.

packages_to_build_and_run=(
  g++ cmake ninja-build pkgconf mold ccache git ca-certificates curl tzdata
  capnproto libcapnp-dev
  librocksdb-dev libgflags-dev libsnappy-dev zlib1g-dev libbz2-dev liblz4-dev libzstd-dev
  libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev
  librdkafka-dev libsodium-dev libssl-dev libcurl4-openssl-dev libhowardhinnant-date-dev
  libcli11-dev libspdlog-dev libfmt-dev libtomlplusplus-dev prometheus-cpp-dev libsqlite3-dev libzip-dev
  libxlsxwriter-dev libical-dev
  python3 python3-venv
)
# For deploy/kafka/start: what runs Apache Kafka and what fetches it.
packages_to_run_kafka=(openjdk-17-jre-headless maven)
# For deploy/run --with-alertmanager.
packages_to_alert=(prometheus-alertmanager)
packages_to_test=(
  libgtest-dev libgmock-dev librapidcheck-dev libbenchmark-dev
  kcat chromium clang-format clang-tidy shellcheck
  prometheus "${packages_to_alert[@]}"
)

# Only for `tests/run --only fuzz`: Debian's default clang, 14, does not know all of C++20 that we use.
packages_to_fuzz=(clang-16 libclang-rt-16-dev)

# Debian starts these when they are installed and at every boot, for all the network to see. Only the programs
# are wanted here; whoever wants the service, too, says `systemctl unmask NAME`.
packages_with_services=(prometheus prometheus-alertmanager)

# packages_keep_still AS_ROOT … -- PACKAGE …: before they are installed. Without systemd there is nothing to
# do: in a container Debian's policy-rc.d lets no package start anything.
packages_keep_still() {
  local as_root=() package
  while [[ $1 != -- ]]; do as_root+=("$1"); shift; done
  [[ -d /run/systemd/system ]] || return 0
  for package in "${@:2}"; do
    if [[ " ${packages_with_services[*]} " == *" $package "* ]]; then
      "${as_root[@]}" systemctl --quiet mask "$package.service"
    fi
  done
}

# Prints the packages of "$@" that are not installed, one a line.
packages_missing() {
  local installed
  installed=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^installed //p' || true)
  grep -vxF -f <(printf '%s\n' "$installed") < <(printf '%s\n' "$@") || true
}

# Installs the packages of "$@" that are missing; touches nothing when all are there.
packages_ensure() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    die "Dies ist kein Debian. Bitte die Gegenstücke dieser Pakete selbst einrichten: $*" \
      "This is no Debian. Please install the counterparts of the packages listed above."
  fi
  local missing
  mapfile -t missing < <(packages_missing "$@")
  if ((${#missing[@]} == 0)); then return; fi

  local as_root=()
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      die "Es fehlen Pakete; hier ist weder root noch sudo. Bitte als root: apt-get install ${missing[*]}" \
        "Packages are missing; there is neither root nor sudo. Please run the line above as root."
    fi
    as_root=(sudo)
    # Nobody is there to type a password, so ask for none and fail at once instead of waiting for ever.
    [[ -t 0 ]] || as_root=(sudo -n)
  fi
  say "Installiere ${#missing[@]} Debian-Pakete (einige Minuten): ${missing[*]}" \
    "installing the Debian packages that are missing (some minutes)"
  packages_keep_still "${as_root[@]}" -- "${missing[@]}"
  local install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get
    -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -qq -y --no-install-recommends install "${missing[@]}")
  # Package lists that are there and fresh enough make `apt-get update` needless.
  if ! "${install[@]}" </dev/null >/dev/null 2>&1; then
    "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -qq update </dev/null
    "${install[@]}" </dev/null >/dev/null ||
      die "apt-get konnte nicht alles installieren (siehe oben)." \
        "apt-get could not install everything (see above)."
  fi
}
