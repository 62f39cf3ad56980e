-- error NO_INSERT
-- job
SELECT body FROM STREAM s
