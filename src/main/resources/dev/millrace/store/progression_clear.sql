-- progression_clear: takes all members out of a progression that the caller holds.
delete from millrace.progression_event where progression = :id
