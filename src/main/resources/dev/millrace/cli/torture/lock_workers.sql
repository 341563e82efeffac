-- lock_workers: keeps every statement waiting that needs the table of workers, until the transaction ends.
lock table millrace.worker in access exclusive mode
