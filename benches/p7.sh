#!/bin/sh
# Whole servers over loopback: ours and the floor behind the same axum on one core, wrk on another, runs in turns.
# Prints the medians of requests per second and their ratio. Needs wrk and two cores.
#
#   benches/p7.sh [users=100000] [rounds=5] [seconds=5]
set -eu
users=${1:-100000} rounds=${2:-5} seconds=${3:-5}
cd "$(dirname "$0")/.."
for tool in wrk taskset curl; do
    command -v $tool >/dev/null || { echo "$tool is not installed" >&2; exit 1; }
done
cargo build --quiet --release -p scim-benches
program=${CARGO_TARGET_DIR:-target}/release/scim-benches
scratch=$(mktemp -d)
trap 'kill $ours $floor 2>/dev/null; rm -r "$scratch"' EXIT
taskset -c 0 "$program" --serve ours 127.0.0.1:18080 "$users" >"$scratch/ours.ready" & ours=$!
taskset -c 0 "$program" --serve floor 127.0.0.1:18081 "$users" >"$scratch/floor.ready" & floor=$!
until [ -s "$scratch/ours.ready" ] && [ -s "$scratch/floor.ready" ]; do sleep 1; done

cat >"$scratch/wrk.lua" <<LUA
local users, seed = tonumber(os.getenv("USERS")), tonumber(os.getenv("SEED"))
local what = os.getenv("WHAT")
local json = { ["content-type"] = "application/scim+json" }
local base = "/scim/v2/Users"
local turn = 0
local bad = 0
local template = '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"%s","name":{"familyName":"Jensen","givenName":"Barbara"},"displayName":"Barbara Jensen","userType":"Employee","active":true,"emails":[{"value":"%s","type":"work","primary":true}]}'
math.randomseed(seed)
function request()
    local n = math.random(0, users - 1)
    local id = string.format("00000000-0000-4000-8000-%012x", n)
    turn = turn + 1
    if what == "get" then return wrk.format("GET", base .. "/" .. id) end
    if what == "filter" then
        return wrk.format("GET", string.format("%s?filter=userName%%20eq%%20%%22user%06d%%40example.com%%22", base, n))
    end
    if what == "list" then return wrk.format("GET", base .. "?startIndex=" .. math.random(1, users - 100) .. "&count=100") end
    if what == "patch" then
        local value = turn % 2 == 0 and "true" or "false"
        return wrk.format("PATCH", base .. "/" .. id, json, '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":' .. value .. '}]}')
    end
    local name = string.format("new-%d-%d@example.com", seed, turn)
    return wrk.format("POST", base, json, string.format(template, name, name))
end
function done(summary)
    local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
    io.write(string.format("RESULT %.0f %d\n", summary.requests / summary.duration * 1e6, failed))
end
LUA

run() { # side port what round
    SEED=$4 USERS=$users WHAT=$3 taskset -c 1 wrk -t1 -c8 -d"${seconds}s" -s "$scratch/wrk.lua" "http://127.0.0.1:$2" |
        awk -v side="$1" -v what="$3" '/^RESULT/ { if ($3) print side " " what ", failed requests: " $3 > "/dev/stderr"; print $2 }' >>"$scratch/$1.$3"
}
median() { sort -n "$1" | awk '{ line[NR] = $1 } END { print line[int((NR + 1) / 2)] }'; }

for what in get filter list patch post; do
    for round in $(seq "$rounds"); do
        run ours 18080 $what "$round"
        run floor 18081 $what "$round"
    done
    awk -v what=$what -v ours="$(median "$scratch/ours.$what")" -v floor="$(median "$scratch/floor.$what")" 'BEGIN {
        printf "P7   %-36s ours %7d/s  floor %7d/s  ratio %6.2f  goal 0.67  %s\n", what, ours, floor, ours / floor,
            (ours / floor >= 0.67 ? "ok" : "MISS")
    }'
done
