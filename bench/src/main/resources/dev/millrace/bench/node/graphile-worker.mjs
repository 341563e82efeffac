// graphile-worker in the configuration of its own performance test, through its SQL interface for appending.
import pg from 'pg'
import { Logger, runMigrations, runTaskList } from 'graphile-worker'

const SCHEMA = 'bench_graphile_worker'
const CONCURRENT = 24
const BULK = 20_000

export async function open () {
  const { PGUSER, PGPASSWORD, PGHOST, PGPORT, PGDATABASE } = process.env
  const url = `postgres://${encodeURIComponent(PGUSER)}:${encodeURIComponent(PGPASSWORD ?? '')}@${PGHOST}:${PGPORT}/${PGDATABASE}`
  const pool = new pg.Pool({ max: 10 })
  const logger = new Logger(() => (level, message) => {
    if (level === 'error') console.error(message)
  })
  const preset = {
    worker: {
      connectionString: url,
      schema: SCHEMA,
      concurrentJobs: CONCURRENT,
      maxPoolSize: CONCURRENT + 1,
      localQueue: { size: 500, refetchDelay: { durationMs: 10 } },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
      logger
    }
  }
  let taskList = {}
  let workerPool = null // of connections, open before the clock runs
  let workers = null
  return {
    install: () => runMigrations({ preset }),
    append: job => pool.query({
      name: 'append', text: `select ${SCHEMA}.add_job('job', $1::json)`, values: [JSON.stringify(job)]
    }),
    async bulk (first, count, fill) {
      for (let done = 0; done < count; done += BULK) {
        const jobs = []
        for (let i = done; i < Math.min(done + BULK, count); i++) {
          jobs.push(JSON.stringify({ n: first + i, fill }))
        }
        await pool.query({
          name: 'bulk',
          text: `select count(*) from ${SCHEMA}.add_jobs((
            select array_agg(('job', payload::json, null, null, null, null, null, null)::${SCHEMA}.job_spec)
            from unnest($1::text[]) as payload))`,
          values: [jobs]
        })
      }
    },
    async arm (handle) {
      taskList = { job: async payload => handle(payload.n) }
      workerPool = new pg.Pool({ connectionString: url, max: CONCURRENT + 1 })
      await Promise.all(Array.from({ length: CONCURRENT + 1 }, () => workerPool.query('select pg_sleep(0.01)')))
    },
    async go () {
      workers = runTaskList({ preset, noHandleSignals: true }, taskList, workerPool)
    },
    async halt () {
      if (workers) {
        await workers.gracefulShutdown()
        await workerPool.end()
        workers = null
      }
    },
    async close () {
      await this.halt()
      await pool.end()
    }
  }
}
