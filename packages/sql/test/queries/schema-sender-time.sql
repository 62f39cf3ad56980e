-- plan
-- event-time s creation_time 10
INSERT INTO t SELECT count(*) AS n FROM STREAM s GROUP BY window(creation_time, '1 minute')
