-- plan
INSERT INTO t SELECT q.* FROM (SELECT upper(body) AS body, subject FROM STREAM s) q
