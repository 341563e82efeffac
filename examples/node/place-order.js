#!/usr/bin/env node
// Places an order and waits until it has shipped: one transaction writes the order's row and appends the event, so that there
// is never one without the other. ../README.md says how to run it, and who ships.
'use strict';

const { randomUUID } = require('node:crypto');
const { parseArgs } = require('node:util');

const HELP = `usage: place-order.js [--order REF] [--item TEXT] [--quantity N] [--wait SECONDS] [--flow NAME] [--schema NAME]

Writes a row of the table example_orders and appends a 'ship-order' event in one transaction, waits for the event to end,
and shows its result and the progression it is in. The same --order again is the same order, which ships once.

  --order REF      the order's own reference; default: a new one
  --item TEXT      what is ordered; default: mill wheel
  --quantity N     how many, 1 or more; default: 1 (the example's worker has 100 in stock)
  --wait SECONDS   how long to wait for the event to end; default: 30
  --flow NAME      the flow to append to; default: orders
  --schema NAME    where Millrace is; default: $MILLRACE_SCHEMA, else millrace

The database is the one of psql's variables (PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD or ~/.pgpass), or of
DATABASE_URL. The login needs the groups millrace_append and millrace_read, and may make the table where there is none.

exit code: 0 shipped; 1 the event did not complete, or not in time; 2 wrong usage; 3 Millrace or the database refused`;

// What to do about a refusal, by the beginning of its SQLSTATE; docs/sql.md has them all.
const TO_DO = [
  [/^(22023|22004)/, 'mend that argument; nothing was stored'],
  [/^MR001/, 'the flow is full and nothing was stored; try again later'],
  [/^MR002/, 'it has been cleaned up, or was never committed'],
  [/^42501/, 'the login needs the groups millrace_append and millrace_read, and to own or write example_orders'],
  [/^(3F000|42883|42P01)/, 'is Millrace in that schema of this database?'],
  [/^(40|08|57P)/, 'say the same again: an order that is there is not placed twice'],
];

/**
 * What a program does with Millrace: append beside its own rows, wait, look. Values are always bound; only the schema's name is put
 * into a statement, quoted.
 */
class Shop {
  constructor(client, schema, flow) {
    this.client = client;
    this.schema = client.escapeIdentifier(schema);
    this.flow = flow;
  }

  async rows(text, ...values) {
    return (await this.client.query(text, values)).rows;
  }

  /**
   * Commits what is done in `work`, or nothing of it. The modes are said because a database may have other defaults: in a stricter
   * isolation append and await could not see what others do.
   */
  async transaction(work) {
    await this.client.query('begin isolation level read committed read write');
    try {
      const result = await work();
      await this.client.query('commit');
      return result;
    } catch (error) {
      await this.client.query('rollback').catch(() => {}); // a lost connection has rolled back by itself
      throw error;
    }
  }

  async makeTable() {
    // "create table if not exists" would ask for the right to create also where the table is there.
    const [{ missing }] = await this.rows(
      "select to_regclass(quote_ident(current_schema()) || '.example_orders') is null as missing");
    if (missing) {
      await this.transaction(() =>
        this.rows('create table example_orders (reference text primary key, item text not null, quantity integer not null)'));
    }
  }

  /** Whether the order is new, and its event's id; in the caller's transaction. */
  async place(order, item, quantity) {
    const added = await this.rows(
      'insert into example_orders (reference, item, quantity) values ($1, $2, $3) on conflict do nothing returning true',
      order, item, quantity);
    // An order ships once, for ever: whoever appends it again is told the same id.
    const [{ id }] = await this.rows(
      `select ${this.schema}.append($1, 'ship-order', $2, unique_key => $3, unique_scope => 'forever') as id`,
      this.flow, JSON.stringify({ order, item, quantity }), `order:${order}`);
    return { isNew: added.length > 0, id };
  }

  /** The status the event ended with, null if it has not within so many seconds. To be asked after the commit. */
  async await(id, seconds) {
    const [{ status }] = await this.transaction(() => this.rows(`select ${this.schema}.await($1, $2) as status`, id, seconds));
    return status;
  }

  async look(id, status) {
    const [{ event }] = await this.rows(`select ${this.schema}.event($1) as event`, id);
    const counts = await this.rows(`select status, n from ${this.schema}.status_counts($1)`, this.flow); // exact, at one cost
    // A page costs the same wherever it begins: the next one begins after the place of this one's last row.
    const page = await this.rows(
      `select id, place from ${this.schema}.members($1, $2, after => $3, size => 5)`, this.flow, status, null);
    return { event, counts, page };
  }
}

async function run(shop, given) {
  const quantity = Number(given.quantity);
  await shop.makeTable();

  // What is rolled back never was: nobody sees it, counts it or runs it.
  const undone = `${given.order}-rolled-back`;
  const onPurpose = new Error('rolled back on purpose');
  let id;
  await shop.transaction(async () => {
    ({ id } = await shop.place(undone, given.item, quantity));
    throw onPurpose;
  }).catch((error) => {
    if (error !== onPurpose) throw error;
  });
  const [{ status: none, orders }] = await shop.rows(
    `select ${shop.schema}.status($1) as status, (select count(*) from example_orders where reference = $2) as orders`, id, undone);
  console.log(`rolled back   ${id} with order ${undone}: ${none ?? 'no event'} and ${orders} orders`);

  const placed = await shop.transaction(() => shop.place(given.order, given.item, quantity));
  console.log(`${(placed.isNew ? 'appended' : 'was there').padEnd(13)} ${placed.id} with order ${given.order}`);

  const status = await shop.await(placed.id, given.wait);
  if (status === null) {
    console.error(`place-order: event ${placed.id} has not ended within ${given.wait} s and goes on without us;`
      + ` is a worker of flow '${given.flow}' running?`);
    return 1;
  }

  const { event, counts, page } = await shop.look(placed.id, status);
  console.log(`${status.padEnd(13)} attempt ${event.attempt}, ${JSON.stringify(event.execution.response ?? event.execution.error)}`);
  console.log(`counts        ${counts.map((count) => `${count.n} ${count.status}`).join(', ')}`);
  console.log(`progression   ${status} begins with`);
  for (const member of page) {
    console.log(`              ${member.id}${member.id === placed.id ? ' (this one)' : ''}`);
  }
  return status === 'completed' ? 0 : 1;
}

/** The arguments, or what is wrong with them as an error. */
function read() {
  const text = (otherwise) => ({ type: 'string', default: otherwise });
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean' },
      order: text(`order-${randomUUID()}`),
      item: text('mill wheel'),
      quantity: text('1'),
      wait: text('30'),
      flow: text('orders'),
      schema: text(process.env.MILLRACE_SCHEMA || 'millrace'),
    },
  });
  for (const [name, rule, what] of [
    ['quantity', /^[1-9][0-9]{0,8}$/, 'a whole number from 1'],
    ['wait', /^[0-9]{1,6}([.][0-9]+)?$/, 'seconds'],
    ['schema', /^[a-z_][a-z0-9_]{0,62}$/, 'a name in lower case'],
  ]) {
    if (!rule.test(values[name])) throw new Error(`--${name} must be ${what}, got '${values[name]}'`);
  }
  return values;
}

async function main() {
  let given;
  try {
    given = read();
  } catch (error) {
    console.error(`place-order: ${error.message}; see --help`);
    return 2;
  }
  if (given.help) {
    console.log(HELP);
    return 0;
  }
  let pg;
  try {
    pg = require('pg');
  } catch {
    console.error('place-order: needs the package pg (npm ci in examples/node; Debian: apt-get install node-pg)');
    return 3;
  }
  const client = new pg.Client(process.env.DATABASE_URL ? { connectionString: process.env.DATABASE_URL } : {});
  client.on('error', () => {}); // of a lost connection the statement under way says so
  try {
    await client.connect();
    return await run(new Shop(client, given.schema, given.flow), given);
  } catch (error) {
    const state = error.severity ? error.code : undefined; // else the network's own code
    const todo = TO_DO.find(([start]) => start.test(state ?? ''))?.[1];
    const said = error.message || error.errors?.map((one) => one.message).join('; ') || error.code;
    console.error(`place-order: ${said}${state ? ` (SQLSTATE ${state})` : ''}${todo ? `; ${todo}` : ''}`);
    return 3;
  } finally {
    await client.end().catch(() => {});
  }
}

main().then((code) => {
  process.exitCode = code;
});
