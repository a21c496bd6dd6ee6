# Ends a server and removes its directory when the standard input ends, which it does with the process that wrote it.
# $1: the directory. Each line that is read is the process id of the server from now on; empty: it does not run.
trap '' HUP INT TERM
server=
while read -r line; do
  server="$line"
done
lock="$1/data/postmaster.pid"
if [ -n "$server" ]; then
  # At once, but with its shared memory cleared; it removes its lock last.
  kill -s QUIT "$server"
  tries=100
  while [ "$tries" -gt 0 ] && [ -e "$lock" ] && kill -s 0 "$server"; do
    tries=$((tries - 1))
    sleep 0.05
  done
  if [ -e "$lock" ]; then
    kill -s KILL "$server"
  fi
fi
# A server that was killed leaves a segment of shared memory, whose key and id are in line 7.
if [ -e "$lock" ]; then
  segment="$(sed -n '7s/.* //p' "$lock")"
  [ -z "$segment" ] || ipcrm -m "$segment"
fi
tries=20
until rm -rf "$1" || [ "$tries" -eq 0 ]; do
  tries=$((tries - 1))
  sleep 0.1
done
