# Installs Debian's PostgreSQL without a cluster of its own. $1: apt-get.
set -eu
export DEBIAN_FRONTEND=noninteractive

get() {
  "$apt" -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$1"
}

apt="$1"
if ! command -v "$apt" >/dev/null; then
  echo "there is no $apt" >&2
  exit 1
fi
# The common part first: it reads whether a cluster is wanted.
get postgresql-common || { "$apt" update && get postgresql-common; }
settings=/etc/postgresql-common/createcluster.conf
if ! grep -Eqs '^[[:space:]]*create_main_cluster' "$settings"; then
  echo 'create_main_cluster = false' >>"$settings"
fi
get postgresql
