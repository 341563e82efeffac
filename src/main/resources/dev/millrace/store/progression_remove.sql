-- progression_remove: removes a user's progression; its events stay.
delete from millrace.progression where flow = :flow and name = :name
