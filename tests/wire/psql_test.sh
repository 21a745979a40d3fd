#!/bin/sh
# psql against the fake session: psql_test.sh path/of/fake_server. Skipped (77) without psql.
set -eu
command -v psql >/dev/null || exit 77
dir=$(mktemp -d)
"$1" >"$dir/address" 2>"$dir/log" &
server=$!
trap 'kill $server; wait $server || true; rm -r "$dir"' EXIT
for _ in $(seq 100); do
    [ "$(wc -l <"$dir/address")" -ge 2 ] && break
    sleep 0.05
done
url=$(head -n 1 "$dir/address")
failures=0

check() { # name, expected, got
    if [ "$2" = "$3" ]; then
        echo "ok   $1"
    else
        failures=$((failures + 1))
        printf 'FAIL %s\n  got      %s\n  expected %s\n' "$1" "$3" "$2"
    fi
}
run() {
    psql -X -At "$url" "$@" 2>&1 || true
}

check rows "0|t0|t
1|t1|" "$(run -c 'rows 2')"
check many 100000 "$(run -c 'rows 100000' | wc -l | tr -d ' ')"
check error "ERROR:  dup
LINE 1: error 23505 dup
              ^
DETAIL:  the detail
HINT:  the hint" "$(run -c 'error 23505 dup')"
check notice "NOTICE:  hello
OK" "$(run -c 'notice hello')"
check multi "a
b" "$(run -c 'echo a; echo b')"
check copyout "0	line
1	line" "$(run -c 'copy to stdout 2')"
check copyin "COPY 4" "$(printf '1\tx\n' | run -c 'copy from stdin')"
check options "x y" "$(PGOPTIONS='-c my_option=x\ y' run -c 'show my_option')"
check application psql_test "$(PGAPPNAME=psql_test run -c 'show application_name')"
echo "$failures failed"
[ $failures -eq 0 ]
