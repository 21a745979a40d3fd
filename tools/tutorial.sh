#!/usr/bin/env bash
# The tutorial from beginning to end: both applications in Python and in C, over TLS, and their contended versions.
#
#   tools/tutorial.sh PALMETTO BUILD_DIR [URL]
#
# PALMETTO is the binary, BUILD_DIR the build directory that holds the C examples. Without URL a server is started on a
# temporary directory. Where ../shared/tutorial exists its files are run too, unchanged. Ends with one line of counts
# and status 0 when every step held.
set -u
cd "$(dirname "$0")/.."

palmetto=$(realpath "${1:?usage: tools/tutorial.sh PALMETTO BUILD_DIR [URL]}")
build_dir=$(realpath "${2:?usage: tools/tutorial.sh PALMETTO BUILD_DIR [URL]}")
export DATABASE_URL=${3:-}
shared=$PWD/../shared/tutorial
venv=$PWD/build/venv
work=$(mktemp -d)
server_pid=
passed=0
failed=0
skipped=0

finish() {
    if [ -n "$server_pid" ]; then
        kill "$server_pid" && wait "$server_pid"
    fi 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT

step() {
    printf '\n--- %s\n' "$1"
}

ok() {
    passed=$((passed + 1))
    echo "ok: $1"
}

bad() {
    failed=$((failed + 1))
    echo "FAIL: $1"
}

check() { # description, expected, actual
    if [ "$2" = "$3" ]; then
        ok "$1"
    else
        bad "$1"
        printf 'expected:\n%s\ngot:\n%s\n' "$2" "$3"
    fi
}

sql() {
    "$palmetto" sql --url "$DATABASE_URL" "$@"
}

# Runs a program, shows its output and keeps it in $work/output.
run() {
    local name=$1
    shift
    if "$@" >"$work/output" 2>&1; then
        ok "$name ran"
    else
        bad "$name ended with status $?"
    fi
    if [ "$(wc -l <"$work/output")" -gt 24 ]; then
        head -4 "$work/output"
        echo ...
        tail -18 "$work/output"
    else
        cat "$work/output"
    fi
}

count() {
    grep -c "$1" "$work/output"
}

start_server() {
    [ -n "$DATABASE_URL" ] && return 0
    step "a server in secure mode"
    "$palmetto" start-single-node --store="$work/data" --certs-dir="$work/certs" --listen-addr=localhost:0 \
        --http-addr=localhost:0 --listening-url-file="$work/url" >"$work/server.log" 2>&1 &
    server_pid=$!
    for _ in $(seq 100); do
        [ -s "$work/url" ] && break
        kill -0 "$server_pid" 2>/dev/null || break
        sleep 0.05
    done
    cat "$work/server.log"
    if [ ! -s "$work/url" ]; then
        bad "the server did not start"
        exit 1
    fi
    DATABASE_URL=$(cat "$work/url")
    case $DATABASE_URL in
    *sslmode=verify-full*) ok "the URL asks for verified TLS" ;;
    *) bad "the URL asks for verified TLS: $DATABASE_URL" ;;
    esac
}

ensure_python() {
    [ -x "$venv/bin/python" ] && "$venv/bin/python" -c 'import psycopg2, sqlalchemy, sqlalchemy_cockroachdb' 2>/dev/null &&
        return 0
    step "Python packages"
    python3 -m venv "$venv" &&
        "$venv/bin/pip" -q --disable-pip-version-check install -r examples/python-sqlalchemy/requirements.txt
}

# --- the applications

balances_app() { # name, program …
    step "$1: two accounts, a transfer"
    sql -e 'DROP TABLE IF EXISTS accounts' >/dev/null
    run "$@"
    check "$1 prints both balances twice" 2 "$(count '^Balances at ')"
    check "$1 starts with 1000 and 250" '1000) 250)' "$(sed -n 2,3p "$work/output" | awk '{print $2}' | xargs)"
    check "$1 ends with 900 and 350" '900) 350)' "$(tail -2 "$work/output" | awk '{print $2}' | xargs)"
    check "$1 removes its rows" 'count
0' "$(sql --format=tsv -e 'SELECT count(*) FROM accounts')"
}

init_accounts() { # dbinit.sql
    sql -e 'DROP TABLE IF EXISTS accounts' >/dev/null
    check "dbinit.sql creates the table" 'CREATE TABLE' "$(sql <"$1")"
}

crud_app() { # name, dbinit.sql, program …
    local name=$1 init=$2
    shift 2
    step "$name: a hundred accounts, a transfer, five deletions"
    init_accounts "$init"
    run "$name" "$@"
    check "$name creates 100 accounts" 100 "$(count '^Created new account')"
    check "$name transfers" 1 "$(count '^Transfer complete')"
    check "$name deletes 5 accounts" 5 "$(count '^Deleted account')"
    sum=$(awk '/^Created new account/ {sub(/\.$/, "", $NF); s += $NF} END {print s}' "$work/output")
    kept=$(sql --format=tsv -e 'SELECT sum(balance) FROM accounts' | tail -1)
    [ "$kept" -le "$sum" ] && ok "$name kept $kept of $sum" || bad "$name kept $kept of $sum"
    printf '> SELECT COUNT(*) FROM accounts;\n'
    sql --format=table -e 'SELECT COUNT(*) FROM accounts' | tee "$work/count"
    check "$name leaves 95 accounts" '  count
---------
     95
(1 row)' "$(cat "$work/count")"
}

contended_app() { # name, program …
    step "$1: sixteen threads"
    run "$@"
    check "$1 keeps the total" 1 "$(count 'total: 4000$')"
    retries=$(sed -n 's/.*retries: \([0-9]*\),.*/\1/p' "$work/output")
    [ "${retries:-0}" -gt 0 ] && ok "$1 saw $retries retries" || bad "$1 saw no retries"
}

start_server
if ensure_python; then
    python=$venv/bin/python
    balances_app python-psycopg2 "$python" examples/python-psycopg2/example.py
    crud_app python-sqlalchemy examples/python-sqlalchemy/dbinit.sql "$python" examples/python-sqlalchemy/main.py
    if [ -d "$shared" ]; then
        crud_app tutorial "$shared/dbinit.sql" "$python" "$shared/main.py"
    else
        echo "skipped: the tutorial's own files, ../shared/tutorial, are not there"
        skipped=$((skipped + 1))
    fi
    contended_app contended-psycopg2 "$python" examples/python-psycopg2/contended.py
    contended_app contended-sqlalchemy "$python" examples/python-sqlalchemy/contended.py
else
    echo "skipped: the Python applications (no packages)"
    skipped=$((skipped + 5))
fi
balances_app c-balances "$build_dir/examples/example-balances"
crud_app c-crud examples/python-sqlalchemy/dbinit.sql "$build_dir/examples/example-crud"
contended_app contended-c "$build_dir/examples/example-contended"

# The same in a virtual cluster, by the connection string that `cluster create` prints.
virtual_cluster() {
    step "a virtual cluster"
    run "cluster create" "$palmetto" cluster create --url "$DATABASE_URL" --new-user ida tutorial-1234
    DATABASE_URL=$(sed -n 's/^sql: *//p' "$work/output")
    case $DATABASE_URL in
    postgresql://ida:*/tutorial-1234.defaultdb\?sslmode=verify-full*) ok "its URL names it and asks for verified TLS" ;;
    *) bad "its URL names it and asks for verified TLS: $DATABASE_URL" ;;
    esac
    if [ -x "$venv/bin/python" ]; then
        balances_app virtual-psycopg2 "$venv/bin/python" examples/python-psycopg2/example.py
        crud_app virtual-sqlalchemy examples/python-sqlalchemy/dbinit.sql "$venv/bin/python" \
            examples/python-sqlalchemy/main.py
    fi
    crud_app virtual-c examples/python-sqlalchemy/dbinit.sql "$build_dir/examples/example-crud"
}
if [ -n "$server_pid" ]; then
    virtual_cluster
fi

printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
