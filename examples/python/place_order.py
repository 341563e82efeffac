#!/usr/bin/env python3
"""Places an order and waits until it has shipped: one transaction writes the order's row and appends the event, so that there
is never one without the other. ../README.md says how to run it, and who ships."""

import argparse
import json
import os
import re
import sys
import uuid

try:
    import psycopg2
    from psycopg2 import sql
    from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED
except ImportError:
    print("place-order: needs psycopg2 (Debian: apt-get install python3-psycopg2; pip: psycopg2-binary)", file=sys.stderr)
    sys.exit(3)

WHERE = """
The database is the one of psql's variables (PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD or ~/.pgpass, PGSERVICE), or of
DATABASE_URL. The login needs the groups millrace_append and millrace_read, and may make the table where there is none.

exit code: 0 shipped; 1 the event did not complete, or not in time; 2 wrong usage; 3 Millrace or the database refused
"""

# What to do about a refusal, by the beginning of its SQLSTATE; docs/sql.md has them all.
TO_DO = {
    "22023": "mend that argument; nothing was stored",
    "22004": "mend that argument; nothing was stored",
    "MR001": "the flow is full and nothing was stored; try again later",
    "MR002": "it has been cleaned up, or was never committed",
    "42501": "the login needs the groups millrace_append and millrace_read, and to own or write example_orders",
    "3F000": "is Millrace in that schema of this database?",
    "42883": "is Millrace in that schema of this database?",
    "42P01": "is Millrace in that schema of this database?",
    "40": "say the same again: an order that is there is not placed twice",
    "08": "say the same again: an order that is there is not placed twice",
    "57P": "say the same again: an order that is there is not placed twice",
}


class Roll(Exception):
    """Rolls a transaction back on purpose."""


class Shop:
    """What a program does with Millrace: append beside its own rows, wait, look. A value is always bound; only the schema's
    name is put into a statement, quoted."""

    def __init__(self, connection, schema, flow):
        self.connection = connection
        self.schema = sql.Identifier(schema)
        self.flow = flow
        # Said because a database may have other defaults: in a stricter isolation append and await could not see what others do.
        connection.set_session(isolation_level=ISOLATION_LEVEL_READ_COMMITTED, readonly=False)

    def query(self, text, **values):
        """The rows of a statement in the transaction under way; without one, it begins one."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql.SQL(text).format(schema=self.schema), {"flow": self.flow, **values})
            return cursor.fetchall() if cursor.description else []

    def one(self, text, **values):
        """The one value of a statement that is a transaction of its own."""
        with self.connection:
            return self.query(text, **values)[0][0]

    def make_table(self):
        # "create table if not exists" would ask for the right to create also where the table is there.
        if self.one("select to_regclass(quote_ident(current_schema()) || '.example_orders') is null"):
            with self.connection:
                self.query("create table example_orders (reference text primary key, item text not null, quantity integer not null)")

    def place(self, order, item, quantity):
        """Says whether the order is new, and its event's id; in the transaction under way, which the caller commits."""
        new = self.query(
            "insert into example_orders (reference, item, quantity) values (%(order)s, %(item)s, %(quantity)s)"
            " on conflict do nothing returning true",
            order=order, item=item, quantity=quantity)
        # An order ships once, for ever: whoever appends it again is told the same id.
        event = self.query(
            "select {schema}.append(%(flow)s, 'ship-order', %(payload)s, unique_key => %(key)s, unique_scope => 'forever')",
            payload=json.dumps({"order": order, "item": item, "quantity": quantity}), key=f"order:{order}")
        return bool(new), event[0][0]


def arguments():
    parser = argparse.ArgumentParser(
        prog="place-order", epilog=WHERE, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
        description="Writes a row of the table example_orders and appends a 'ship-order' event in one transaction, waits for the"
        "\nevent to end, and shows its result and the progression it is in. The same --order again is the same order, which ships"
        "\nonce.")
    parser.add_argument("--order", metavar="REF", default=f"order-{uuid.uuid4()}", help="its own reference; default: a new one")
    parser.add_argument("--item", metavar="TEXT", default="mill wheel", help="what is ordered; default: %(default)s")
    parser.add_argument("--quantity", metavar="N", default="1", help="how many, 1 or more; default: 1 (the worker has 100)")
    parser.add_argument("--wait", metavar="SECONDS", default="30", help="how long for the event to end; default: 30")
    parser.add_argument("--flow", metavar="NAME", default="orders", help="the flow to append to; default: orders")
    parser.add_argument("--schema", metavar="NAME", default=os.environ.get("MILLRACE_SCHEMA") or "millrace",
        help="where Millrace is; default: $MILLRACE_SCHEMA, else millrace")
    given = parser.parse_args()
    for name, value, rule, what in (
            ("--quantity", given.quantity, "[1-9][0-9]{0,8}", "a whole number from 1"),
            ("--wait", given.wait, "[0-9]{1,6}([.][0-9]+)?", "seconds"),
            ("--schema", given.schema, "[a-z_][a-z0-9_]{0,62}", "a name in lower case")):
        if not re.fullmatch(rule, value, re.ASCII):
            parser.error(f"{name} must be {what}, got {value!r}")
    return given


def run(shop, given):
    quantity = int(given.quantity)
    shop.make_table()

    # What is rolled back never was: nobody sees it, counts it or runs it.
    undone = given.order + "-rolled-back"
    try:
        with shop.connection:
            _, event = shop.place(undone, given.item, quantity)
            raise Roll
    except Roll:
        status = shop.one("select {schema}.status(%(event)s)", event=event) or "no event"
        left = shop.one("select count(*) from example_orders where reference = %(order)s", order=undone)
        print(f"rolled back   {event} with order {undone}: {status} and {left} orders")

    with shop.connection:  # commits at its end, unless an exception ends it
        new, event = shop.place(given.order, given.item, quantity)
    print(f"{'appended' if new else 'was there':13} {event} with order {given.order}")

    # A statement of its own, after the commit: nobody could work on the event before.
    status = shop.one("select {schema}.await(%(event)s, %(seconds)s)", event=event, seconds=float(given.wait))
    if status is None:
        print(f"place-order: event {event} has not ended within {given.wait} s and goes on without us;"
              f" is a worker of flow '{given.flow}' running?", file=sys.stderr)
        return 1

    said = shop.one("select {schema}.event(%(event)s)", event=event)
    result = said["execution"]["error"] if said["execution"]["response"] is None else said["execution"]["response"]
    print(f"{status:13} attempt {said['attempt']}, {json.dumps(result, ensure_ascii=False)}")
    with shop.connection:
        counts = shop.query("select status, n from {schema}.status_counts(%(flow)s)")  # exact, at one cost for any number
        # A page costs the same wherever it begins: the next one begins after the place of this one's last row.
        page = shop.query("select id, place from {schema}.members(%(flow)s, %(status)s, after => %(after)s, size => 5)",
            status=status, after=None)
    print(f"counts        {', '.join(f'{n} {name}' for name, n in counts)}")
    print(f"progression   {status} begins with")
    for member, _ in page:
        print(f"              {member}{' (this one)' if member == event else ''}")
    return 0 if status == "completed" else 1


def main():
    given = arguments()
    try:
        connection = psycopg2.connect(os.environ.get("DATABASE_URL", ""))
        try:
            return run(Shop(connection, given.schema, given.flow), given)
        finally:
            connection.close()
    except psycopg2.Error as error:
        state = error.pgcode
        said = error.diag.message_primary or str(error).strip()
        to_do = next((words for start, words in TO_DO.items() if state and state.startswith(start)), None)
        print(f"place-order: {said}{f' (SQLSTATE {state})' if state else ''}{f'; {to_do}' if to_do else ''}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
