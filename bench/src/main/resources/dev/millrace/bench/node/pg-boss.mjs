// pg-boss with large batches in bursts. Appends that are to be noticed at once go to a queue of their own with
// notifications, since these slow appending.
import { PgBoss } from 'pg-boss'

const QUEUE = 'bench'
const NOTIFIED = 'bench-notified'
const BULK = 1_000

export async function open () {
  const { PGUSER, PGPASSWORD, PGHOST, PGPORT, PGDATABASE } = process.env
  const boss = new PgBoss({
    host: PGHOST,
    port: Number(PGPORT),
    database: PGDATABASE,
    user: PGUSER,
    password: PGPASSWORD,
    schema: 'bench_pg_boss',
    max: 10,
    useListenNotify: true
  })
  boss.on('error', error => console.error(error))
  let task = null
  let working = null
  return {
    async install () {
      await boss.start()
      await boss.createQueue(QUEUE)
      await boss.createQueue(NOTIFIED, { notify: true })
    },
    append: (job, notify) => boss.send(notify ? NOTIFIED : QUEUE, job),
    async bulk (first, count, fill) {
      for (let done = 0; done < count; done += BULK) {
        const jobs = []
        for (let i = done; i < Math.min(done + BULK, count); i++) {
          jobs.push({ data: { n: first + i, fill } })
        }
        await boss.insert(QUEUE, jobs)
      }
    },
    async arm (handle, response, notified) {
      task = {
        queue: notified ? NOTIFIED : QUEUE,
        run: async jobs => {
          jobs.forEach(job => handle(job.data.n))
          return response ? { response } : undefined
        }
      }
    },
    async go () {
      working = task.queue
      await boss.work(working, {
        batchSize: 100, burstWhenBatchFull: true, localConcurrency: 4, pollingIntervalSeconds: 0.5
      }, task.run)
    },
    async halt () {
      if (working) {
        await boss.offWork(working, { wait: true })
        working = null
      }
    },
    close: () => boss.stop({ graceful: false })
  }
}
