# A private PostgreSQL for a script of this folder, and the script's steps and clean-up. To be sourced
# by a bash script that has set `root` to the repository's folder.
#
#   say, die                 a heading; an error, which ends the script
#   run COMMAND...           a step that a signal to the script ends with it
#   forget_callers_settings  unsets what could lead to another server
#   require_python_packages FOLDER REQUIREMENTS
#                            sets python, which has them: in target/FOLDER
#   require_postgres         sets pg_bin, and installs PostgreSQL where it is missing
#   start_cluster SETTING... sets work (a folder, removed at the end) and port; each setting is one of
#                            the server's, such as fsync=off
#   start_pooler PROGRAM ROLE
#                            PgBouncer in transaction mode in front of it, for one role; sets pooler_port
#   testing=yes              from here on a failure shows the end of the server's log
#
# shellcheck shell=bash

oldest_postgres=15
script=scripts/$(basename "$0")

say() { printf '\n== %s\n' "$*"; }
die() {
    printf '%s: %s\n' "$script" "$*" >&2
    exit 1
}

# --- steps and clean-up ---

work=     # temporary folder of the cluster
server=   # not empty once the server was told to start
testing=  # not empty while what runs needs the server
child=    # process group of the step that runs

# Runs a step in a process group of its own, so that a signal to this script alone ends it at once
# and wholly: a test that outlives the script would go on using a server that is gone.
run() {
    local status=0
    set -m
    "$@" </dev/null &
    child=$!
    set +m
    wait "$child" || status=$?
    child=
    return "$status"
}

clean_up() {
    local status=$?
    trap - EXIT HUP INT TERM
    if [ -n "$child" ]; then
        kill -TERM -- "-$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
    fi
    if [ -n "$server" ]; then
        if [ "$status" -ne 0 ] && [ -n "$testing" ] && [ -r "$work/log/server.log" ]; then
            say "The end of the server's log"
            tail -n 30 "$work/log/server.log"
        fi
        if [ -r "$work/pooler/pid" ]; then
            kill "$(cat "$work/pooler/pid")" 2>/dev/null || true
        fi
        as_owner "$pg_bin/pg_ctl" -D "$work/data" -m immediate -w stop >/dev/null 2>&1 || true
    fi
    if [ -n "$work" ]; then
        rm -rf "$work"
    fi
    exit "$status"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# --- Python packages ---

require_python_packages() {
    local folder=$root/target/$1 requirements=$2
    python=$folder/venv/bin/python
    if ! cmp -s "$requirements" "$folder/installed.txt"; then
        say "Installing Python packages in target/$1"
        run python3 -m venv --clear "$folder/venv" ||
            { install_package python3-venv python3 && run python3 -m venv --clear "$folder/venv"; } ||
            die "Python 3.11 or newer with venv is needed: run 'apt-get install python3-venv' or" \
                "'brew install python3'"
        run "$python" -m pip install --quiet --disable-pip-version-check \
            --requirement "$requirements"
        cp "$requirements" "$folder/installed.txt"
    fi
}

# --- PostgreSQL's programs ---

# `install_package DEBIAN_NAME HOMEBREW_NAME` installs without asking, and fails where it may not.
install_package() {
    local as_root=()
    if command -v apt-get >/dev/null; then
        if [ "$(id -u)" -ne 0 ]; then
            sudo -n true 2>/dev/null || return 1
            as_root=(sudo -n)
        fi
        say "Installing $1 with apt-get"
        ${as_root[@]+"${as_root[@]}"} apt-get update -qq </dev/null &&
            ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive \
                apt-get install -y -qq --no-install-recommends "$1" </dev/null
    elif command -v brew >/dev/null; then
        say "Installing $2 with Homebrew"
        brew install "$2" </dev/null
    else
        return 1
    fi
}

# The major version of the PostgreSQL whose programs lie in a folder; nothing if there is none.
postgres_major() {
    [ -x "$1/initdb" ] && [ -x "$1/pg_ctl" ] && [ -x "$1/postgres" ] || return 0
    "$1/postgres" --version | sed -n 's/^[^0-9]*\([0-9][0-9]*\).*/\1/p'
}

# Sets pg_bin to a PostgreSQL that is new enough: the first that the user pointed to, else the
# newest that lies where packages put it.
find_postgres() {
    local dir major best=0
    pg_bin=
    for dir in "${PG_BIN:-}" "$(pg_config --bindir 2>/dev/null || true)" \
        "$(dirname "$(command -v initdb || echo /none/initdb)")"; do
        major=$(postgres_major "$dir")
        if [ "${major:-0}" -ge "$oldest_postgres" ]; then
            pg_bin=$dir
            return 0
        fi
    done
    for dir in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
        /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
        /home/linuxbrew/.linuxbrew/opt/postgresql*/bin; do
        major=$(postgres_major "$dir")
        if [ "${major:-0}" -ge "$oldest_postgres" ] && [ "$major" -gt "$best" ]; then
            best=$major
            pg_bin=$dir
        fi
    done
    [ -n "$pg_bin" ]
}

require_postgres() {
    local major
    if [ -n "${PG_BIN:-}" ]; then
        major=$(postgres_major "$PG_BIN")
        [ "${major:-0}" -ge "$oldest_postgres" ] ||
            die "PG_BIN=$PG_BIN holds no PostgreSQL $oldest_postgres or newer: unset it, or name the" \
                "folder that holds initdb, pg_ctl and postgres"
    fi
    find_postgres || { install_package postgresql postgresql@17 && find_postgres; } ||
        die "PostgreSQL $oldest_postgres or newer is needed. Run 'apt-get install postgresql' (for an" \
            "older Debian or Ubuntu see https://apt.postgresql.org), 'brew install postgresql@17', or" \
            "set PG_BIN to the folder that holds initdb, pg_ctl and postgres"
}

# --- the cluster ---

# PostgreSQL refuses to run as root, so root hands the cluster to a user who may do little else.
owner=
choose_owner() {
    local name
    [ "$(id -u)" -eq 0 ] || return 0
    for name in postgres nobody; do
        if id -u "$name" >/dev/null 2>&1; then
            owner=$name
            return 0
        fi
    done
    die "PostgreSQL does not run as root: run this as another user"
}

as_owner() {
    (
        # The owner may not be allowed to read the folder that the script was called from.
        cd /
        if [ -z "$owner" ]; then
            "$@"
        elif command -v runuser >/dev/null; then
            runuser -u "$owner" -- "$@"
        else
            sudo -n -u "$owner" "$@"
        fi
    ) </dev/null
}

# A port between the registered and the ephemeral ones on which nobody answers.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
}

start_cluster() {
    local attempt setting settings=
    for setting in "$@"; do
        settings+=" -c $setting"
    done
    say "Starting a private PostgreSQL"
    choose_owner
    # Not in TMPDIR: on macOS that is long, and the path of a socket must be short.
    work=$(mktemp -d "/tmp/talvix-${script##*/}.XXXXXX")
    mkdir "$work/log" "$work/socket"
    chmod 711 "$work"
    chmod 755 "$work/log" "$work/socket"
    if [ -n "$owner" ]; then
        chown -R "$owner" "$work"
    fi
    testing=yes
    as_owner "$pg_bin/initdb" -D "$work/data" --username=postgres --auth=trust --encoding=UTF8 \
        --locale=C --no-sync >/dev/null
    server=yes
    for attempt in 1 2 3; do
        port=$(free_port)
        if as_owner "$pg_bin/pg_ctl" -D "$work/data" -l "$work/log/server.log" -w -t 60 \
            -o "-p $port -k $work/socket -c listen_addresses=127.0.0.1 $settings" start >/dev/null; then
            break
        fi
        # Somebody may have taken the port in between.
        [ "$attempt" -lt 3 ] || die "PostgreSQL does not start"
    done
    testing=
}

start_pooler() {
    local program=$1 role=$2
    pooler_port=$(free_port)
    mkdir "$work/pooler"
    printf '"%s" ""\n' "$role" >"$work/pooler/users.txt"
    # Server connections that nobody uses go soon: tests wait until a run has none.
    cat >"$work/pooler/pgbouncer.ini" <<INI
[databases]
* = host=127.0.0.1 port=$port
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $pooler_port
unix_socket_dir =
auth_type = trust
auth_file = $work/pooler/users.txt
pool_mode = transaction
default_pool_size = 12
server_idle_timeout = 1
pidfile = $work/pooler/pid
logfile = $work/pooler/log
INI
    if [ -n "$owner" ]; then
        chown -R "$owner" "$work/pooler"
    fi
    as_owner "$program" -q -d "$work/pooler/pgbouncer.ini" >/dev/null 2>&1 ||
        die "PgBouncer does not start"
}

# What is run must see this server and no other, and no setting of the caller's.
forget_callers_settings() {
    local name
    for name in ${!TALVIX_@}; do
        [ "$name" = TALVIX_UPDATE_MANIFEST ] || unset "$name"
    done
    unset PGHOST PGHOSTADDR PGPORT PGUSER PGPASSWORD PGPASSFILE PGDATABASE PGSERVICE PGSERVICEFILE \
        PGOPTIONS PGSSLMODE PGSSLROOTCERT PGAPPNAME PGCONNECT_TIMEOUT DATABASE_URL
}
