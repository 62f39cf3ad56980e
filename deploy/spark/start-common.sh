# shellcheck shell=bash
# What master, worker and Connect server share. It is read by the other scripts, not run.
set -euo pipefail

# Kubernetes describes a service "spark-master" to every container as SPARK_MASTER_PORT=tcp://10.0.0.1:7077, and Spark would
# take that for the port.
for variable in SPARK_MASTER_PORT SPARK_WORKER_PORT SPARK_CONNECT_PORT SPARK_UI_PORT; do
  case "${!variable:-}" in
    *://*) unset "$variable" ;;
  esac
done

export SPARK_HOME="${SPARK_HOME:-/opt/spark}"
if [ ! -x "$SPARK_HOME/bin/spark-class" ]; then
  echo "there is no Spark in SPARK_HOME=$SPARK_HOME" >&2
  exit 1
fi
# Spark's daemons do not start with less than 450 MB.
export SPARK_DAEMON_MEMORY="${SPARK_DAEMON_MEMORY:-512m}"
export SPARK_LOCAL_DIRS="${SPARK_LOCAL_DIRS:-/tmp/spark-local}"
# Where the others reach this one: the first address of the container.
if [ -z "${SPARK_NODE_HOST:-}" ]; then
  read -r SPARK_NODE_HOST _ <<<"$(hostname -i)"
fi
export SPARK_NODE_HOST

# Where a cluster runs the image as a user that has no name, Java gives Hadoop none, and Hadoop ends: so it gets one. The
# image's own files stay as they are, so its file system may be read-only.
if ! getent passwd "$(id -u)" >/dev/null; then
  wrapper="${NSS_WRAPPER_LIBRARY:-libnss_wrapper.so}"
  identity="$(mktemp -d)"
  echo "spark:x:$(id -u):$(id -g):Spark:$identity:/bin/false" >"$identity/passwd"
  cp /etc/group "$identity/group"
  export NSS_WRAPPER_PASSWD="$identity/passwd" NSS_WRAPPER_GROUP="$identity/group" HOME="$identity"
  export LD_PRELOAD="$wrapper${LD_PRELOAD:+:$LD_PRELOAD}"
fi
