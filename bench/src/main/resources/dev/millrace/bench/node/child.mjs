// A process that is measured, for the peers that live in Node: the same words over standard input and output as
// ChildMain speaks. Argument: the contender's name. PG… environment variables say where the database is.
import readline from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const KEPT = 100_000
const { open } = await import(`./${process.argv[2]}.mjs`)
const engine = await open()

let handled = 0
let told = 0
let keeping = false
let starts = []

function handle (n) {
  if (keeping && n < KEPT && starts[n] === undefined) {
    starts[n] = process.hrtime.bigint()
  }
  handled++
}

function say (line) {
  process.stdout.write(line + '\n')
}

const teller = setInterval(() => {
  if (handled !== told) {
    told = handled
    say(`handled ${handled}`)
  }
}, 5)

const fill = bytes => 'x'.repeat(bytes)

async function append (count, clients, bytes) {
  let next = 0
  const client = async () => {
    while (next < count) {
      await engine.append({ n: next++, fill: fill(bytes) })
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
}

async function ping (count, intervalMicros) {
  const began = process.hrtime.bigint()
  const acknowledged = []
  for (let n = 0; n < count; n++) {
    const due = began + BigInt(n) * BigInt(intervalMicros) * 1000n
    const left = Number(due - process.hrtime.bigint()) / 1e6
    if (left > 0) {
      await sleep(left)
    }
    await engine.append({ n, fill: '' }, true)
    acknowledged.push(`${n}:${process.hrtime.bigint()}`)
  }
  return acknowledged.join(' ')
}

async function execute (words) {
  const number = index => Number(words[index])
  const began = process.hrtime.bigint()
  switch (words[0]) {
    case 'install': await engine.install(); break
    case 'append': await append(number(1), number(2), number(3)); break
    case 'bulk': await engine.bulk(number(1), number(2), fill(number(3))); break
    case 'arm':
      handled = 0
      starts = []
      keeping = words[1] === 'keep'
      await engine.arm(handle, fill(number(2)), keeping)
      break
    case 'go': await engine.go(); break
    case 'halt': await engine.halt(); break
    case 'ping': return ping(number(1), number(2))
    case 'starts': return starts.map((start, n) => `${n}:${start}`).filter(Boolean).join(' ')
    case 'handled': return handled
    default: throw new Error(`no command '${words[0]}'`)
  }
  return process.hrtime.bigint() - began
}

// The end is noticed also while a command is under way: whoever gave it is gone, so it does not matter any more.
process.stdin.on('end', () => setTimeout(() => process.exit(1), 5_000).unref())

for await (const line of readline.createInterface({ input: process.stdin })) {
  try {
    say(`ok ${await execute(line.split(' '))}`)
  } catch (e) {
    console.error(e)
    say(`error ${String(e).replaceAll('\n', ' ')}`)
  }
}
clearInterval(teller)
await engine.close()
process.exit(0)
