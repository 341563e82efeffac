#!/usr/bin/env bash
# Places an order and waits until it has shipped: one transaction writes the order's row and appends the event, so that there
# is never one without the other. ../README.md says how to run it, and who ships.
set -euo pipefail

help() {
    cat <<'HELP'
usage: place-order.sh [--order REF] [--item TEXT] [--quantity N] [--wait SECONDS] [--flow NAME] [--schema NAME]

Writes a row of the table example_orders and appends a 'ship-order' event in one transaction, waits for the event to end,
and shows its result and the progression it is in. The same --order again is the same order, which ships once.

  --order REF      the order's own reference; default: a new one
  --item TEXT      what is ordered; default: mill wheel
  --quantity N     how many, 1 or more; default: 1 (the example's worker has 100 in stock)
  --wait SECONDS   how long to wait for the event to end; default: 30
  --flow NAME      the flow to append to; default: orders
  --schema NAME    where Millrace is; default: $MILLRACE_SCHEMA, else millrace

The database is the one of psql's variables (PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD or ~/.pgpass, PGSERVICE), or of
DATABASE_URL. The login needs the groups millrace_append and millrace_read, and may make the table where there is none.

exit code: 0 shipped; 1 the event did not complete, or not in time; 2 wrong usage; 3 Millrace or the database refused
HELP
}

usage() {
    echo "place-order: $*; see --help" >&2
    exit 2
}

order=order-$(date +%Y%m%d-%H%M%S)-$$ item='mill wheel' quantity=1 wait=30 flow=orders schema=${MILLRACE_SCHEMA:-millrace}
while [ $# -gt 0 ]; do
    case $1 in
        --help) help; exit 0 ;;
        --order | --item | --quantity | --wait | --flow | --schema)
            [ $# -ge 2 ] || usage "$1 needs a value"
            printf -v "${1#--}" %s "$2"
            shift 2 ;;
        *) usage "unknown argument '$1'" ;;
    esac
done
[[ $quantity =~ ^[1-9][0-9]{0,8}$ ]] || usage "--quantity must be a whole number from 1, got '$quantity'"
[[ $wait =~ ^[0-9]{1,6}([.][0-9]+)?$ ]] || usage "--wait must be seconds, got '$wait'"
[[ $schema =~ ^[a-z_][a-z0-9_]{0,62}$ ]] || usage "--schema must be a name in lower case, got '$schema'"
command -v psql >/dev/null || { echo 'place-order: needs psql (Debian: apt-get install postgresql-client)' >&2; exit 3; }

# psql takes a URL as an argument only, where everybody on the machine can read it: so its password goes another way.
database=()
if [ -n "${DATABASE_URL:-}" ]; then
    if [[ $DATABASE_URL =~ ^(postgres(ql)?://[^:/@]*):([^@]*)@(.*)$ ]]; then
        password=${BASH_REMATCH[3]//\\/\\\\}
        printf -v PGPASSWORD %b "${password//%/\\x}"
        export PGPASSWORD
        DATABASE_URL=${BASH_REMATCH[1]}@${BASH_REMATCH[4]}
    fi
    [[ $DATABASE_URL != *[?\&]password=* ]] || usage 'put the password of DATABASE_URL before its @'
    database=(--dbname "$DATABASE_URL")
fi

# Runs the statements of standard input. Values are given as variables and written :'name', which psql quotes as SQL wants it;
# nothing is glued into a statement. An error ends it, and the connection and so the transaction with it.
sql() {
    local errors
    if ! { errors=$(psql "${database[@]}" -XqAt -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -v schema="$schema" -v flow="$flow" \
        "$@" 2>&1 >&3); } 3>&1; then
        explain "$errors"
        exit 3
    fi
}

# A refusal in one line: what PostgreSQL said, its SQLSTATE, and what to do.
explain() {
    local state='' said=$1 todo=''
    if [[ $1 =~ :\ \ ([0-9A-Z]{5}):\ ([^$'\n']+) ]]; then
        state=${BASH_REMATCH[1]} said=${BASH_REMATCH[2]}
    fi
    case $state in
        22023 | 22004) todo='mend that argument; nothing was stored' ;;
        MR001) todo='the flow is full and nothing was stored; try again later' ;;
        MR002) todo='it has been cleaned up, or was never committed' ;;
        42501) todo='the login needs the groups millrace_append and millrace_read, and to own or write example_orders' ;;
        3F000 | 42883 | 42P01) todo="is Millrace in schema $schema of this database?" ;;
        40001 | 40P01 | 08* | 57P*) todo='say the same again: an order that is there is not placed twice' ;;
    esac
    echo "place-order: $said${state:+ (SQLSTATE $state)}${todo:+; $todo}" >&2
}

# The order and its event, and whether to commit them. Prints 'placed' if the order is new, then the event's id. The modes are
# said because a database may have other defaults: in a stricter isolation append and await could not see what others do.
place() {
    sql -v order="$1" -v item="$item" -v quantity="$quantity" -v end="$2" <<'SQL'
begin isolation level read committed read write;
insert into example_orders (reference, item, quantity)
values (:'order', :'item', :'quantity')
on conflict do nothing
returning 'placed';
select :"schema".append(:'flow', 'ship-order',
    jsonb_build_object('order', :'order'::text, 'item', :'item'::text, 'quantity', :'quantity'::integer),
    unique_key => 'order:' || :'order',
    unique_scope => 'forever'); -- an order ships once: whoever appends it again is told the same id
:end;
SQL
}

# "create table if not exists" would ask for the right to create also where the table is there.
sql <<'SQL'
select to_regclass(quote_ident(current_schema()) || '.example_orders') is null as missing \gset
\if :missing
begin read write;
create table example_orders (reference text primary key, item text not null, quantity integer not null);
commit;
\endif
SQL

# What is rolled back never was: nobody sees it, counts it or runs it.
answer=$(place "$order-rolled-back" rollback)
undone=${answer##*$'\n'}
left=$(sql -v id="$undone" -v order="$order-rolled-back" <<'SQL'
select coalesce(:"schema".status(:'id'), 'no event') || ' and '
    || (select count(*) from example_orders where reference = :'order') || ' orders';
SQL
)
echo "rolled back   $undone with order $order-rolled-back: $left"

answer=$(place "$order" commit)
id=${answer##*$'\n'}
if [[ $answer == placed* ]]; then
    echo "appended      $id with order $order"
else
    echo "was there     $id with order $order"
fi

# A statement of its own, after the commit: nobody could work on the event before.
status=$(sql -v id="$id" -v wait="$wait" <<'SQL'
begin isolation level read committed;
select :"schema".await(:'id', :'wait');
commit;
SQL
)
if [ -z "$status" ]; then
    echo "place-order: event $id has not ended within $wait s and goes on without us; is a worker of flow '$flow' running?" >&2
    exit 1
fi

sql -v id="$id" -v status="$status" <<'SQL'
with said as (
    select :"schema".event(:'id') as event
)
select rpad(:'status', 13) || ' attempt ' || (event ->> 'attempt') || ', '
    || coalesce(nullif(event -> 'execution' -> 'response', 'null'), event -> 'execution' -> 'error')::text
from said;

select 'counts        ' || string_agg(n || ' ' || status, ', ') -- exact, at one cost for any number
from :"schema".status_counts(:'flow');

-- A page costs the same wherever it begins: the next one begins after the place of this one's last row.
select 'progression   ' || :'status' || ' begins with';
select '              ' || id || case when id = :'id' then ' (this one)' else '' end
from :"schema".members(:'flow', :'status', after => null, size => 5);
SQL
[ "$status" = completed ] || exit 1
